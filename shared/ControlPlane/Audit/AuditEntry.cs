namespace Bibind.ControlPlane.Audit;

/// <summary>What somebody is about to do, or did.</summary>
/// <param name="Actor">Who.</param>
/// <param name="Source">How they are known: <c>api</c>, <c>token</c>, <c>oidc</c>, <c>local</c>, or <c>none</c> for somebody who is not.</param>
/// <param name="Action">The method and the pattern of the route, such as <c>POST /api/tenants/{code}/suspend</c>.</param>
public sealed record AuditEntry(string Actor, string Source, string Action)
{
    /// <summary>Their role.</summary>
    public string? Role { get; init; }

    /// <summary>The customer whose caller it is.</summary>
    public string? Customer { get; init; }

    /// <summary>The console's session; null for calls of the API.</summary>
    public long? Session { get; init; }

    /// <summary>Where from.</summary>
    public string? Address { get; init; }

    /// <summary>The path that was called, without its query; null for signing in.</summary>
    public string? Path { get; init; }

    /// <summary>What it is about, such as a tenant's code.</summary>
    public string? Subject { get; init; }

    /// <summary>Why, as they said.</summary>
    public string? Reason { get; init; }

    /// <summary>Finds the call in the logs.</summary>
    public string? TraceId { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Status">The status of the answer.</param>
/// <param name="Subject">What it turned out to be about; what was known before stays.</param>
/// <param name="Reason">Why, as they said; what was known before stays.</param>
public sealed record AuditResult(int Status, string? Subject = null, string? Reason = null);

/// <summary>A row of the audit.</summary>
public sealed record AuditRow
{
    /// <summary>Its number.</summary>
    public long Id { get; init; }

    /// <summary>When it began.</summary>
    public DateTimeOffset At { get; init; }

    /// <inheritdoc cref="AuditEntry.Actor"/>
    public string Actor { get; init; } = string.Empty;

    /// <inheritdoc cref="AuditEntry.Role"/>
    public string? Role { get; init; }

    /// <inheritdoc cref="AuditEntry.Customer"/>
    public string? Customer { get; init; }

    /// <inheritdoc cref="AuditEntry.Source"/>
    public string Source { get; init; } = string.Empty;

    /// <inheritdoc cref="AuditEntry.Session"/>
    public long? Session { get; init; }

    /// <inheritdoc cref="AuditEntry.Address"/>
    public string? Address { get; init; }

    /// <inheritdoc cref="AuditEntry.Action"/>
    public string Action { get; init; } = string.Empty;

    /// <inheritdoc cref="AuditEntry.Path"/>
    public string? Path { get; init; }

    /// <inheritdoc cref="AuditEntry.Subject"/>
    public string? Subject { get; init; }

    /// <inheritdoc cref="AuditEntry.Reason"/>
    public string? Reason { get; init; }

    /// <inheritdoc cref="AuditEntry.TraceId"/>
    public string? TraceId { get; init; }

    /// <summary>The status of the answer; null if nobody has seen the end.</summary>
    public int? Status { get; init; }

    /// <summary>When it was answered.</summary>
    public DateTimeOffset? DoneAt { get; init; }
}

/// <summary>Which rows are wanted.</summary>
public sealed record AuditFilter
{
    /// <summary>Who, exactly.</summary>
    public string? Actor { get; init; }

    /// <summary>About what, exactly.</summary>
    public string? Subject { get; init; }

    /// <summary>From this moment on.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Before this moment.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>True: only rows without a result.</summary>
    public bool Unfinished { get; init; }
}

/// <summary>A part of the audit.</summary>
/// <param name="Rows">Newest first.</param>
/// <param name="Total">How many there are, counted up to <see cref="AuditStore.MostCounted"/>.</param>
/// <param name="IsCounted">False if there are more than were counted.</param>
public sealed record AuditPage(IReadOnlyList<AuditRow> Rows, long Total, bool IsCounted);
