using Bibind.Contracts;

namespace Bibind.ControlPlane.Support;

/// <summary>How far an access is.</summary>
public static class SupportStates
{
    /// <summary>For the customer's consent.</summary>
    public const string Waiting = "waiting";

    /// <summary>The account is being made.</summary>
    public const string Granting = "granting";

    /// <summary>The account can be used.</summary>
    public const string Open = "open";

    /// <summary>The account is being removed.</summary>
    public const string Ending = "ending";
    public const string Ended = "ended";

    /// <summary>By the customer.</summary>
    public const string Refused = "refused";

    /// <summary>Nobody consented in time.</summary>
    public const string Expired = "expired";

    /// <summary>The account could not be made.</summary>
    public const string Failed = "failed";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Waiting, Granting, Open, Ending, Ended, Refused, Expired, Failed];

    /// <summary>SQL that is true for an access that has not ended.</summary>
    internal const string IsLive = "state in ('waiting', 'granting', 'open', 'ending')";
}

/// <summary>An operator's access to a tenant's application.</summary>
public sealed record SupportAccess
{
    public long Id { get; init; }
    public long TenantId { get; init; }
    public string TenantCode { get; init; } = string.Empty;
    public string JobId { get; init; } = string.Empty;

    /// <summary>One of <see cref="SupportStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>One of <see cref="SupportLevels"/>.</summary>
    public string Level { get; init; } = string.Empty;

    /// <summary>How long the account can be used, from when it can.</summary>
    public int Minutes { get; init; }
    public string Reason { get; init; } = string.Empty;
    public string RequestedBy { get; init; } = string.Empty;

    /// <summary>Tells callers of one name apart.</summary>
    public string Requester { get; init; } = string.Empty;

    /// <summary>Where the request came from.</summary>
    public string? Address { get; init; }
    public DateTimeOffset RequestedAt { get; init; }
    public bool NeedsConsent { get; init; }
    public DateTimeOffset? ConsentUntil { get; init; }
    public string? DecidedBy { get; init; }
    public DateTimeOffset? DecidedAt { get; init; }
    public string? DecisionReason { get; init; }
    public DateTimeOffset? OpenedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the credentials were shown.</summary>
    public DateTimeOffset? ShownAt { get; init; }
    public string? RevokedBy { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public string? RevokeReason { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
    public string Login { get; init; } = string.Empty;

    /// <summary>The account's row in the tenant's database.</summary>
    public int? AccountId { get; init; }
    public string? AccountMark { get; init; }
    public string? Failure { get; init; }

    /// <summary>What was left that lets somebody in, or acts by itself.</summary>
    public IReadOnlyList<string> Result { get; init; } = [];

    /// <summary>By what the account is known where it is.</summary>
    public SupportAccount Account => new(Login, AccountId, AccountMark);

    /// <summary>The notice that asks for the consent.</summary>
    internal Notices.Notice RequestedNotice() => Notices.Notice.SupportRequested(
        TenantId, Id, RequestedBy, Reason, Level, Minutes, ConsentUntil!.Value);
}

/// <summary>What came of a wish about an access.</summary>
public abstract record SupportResult
{
    private SupportResult()
    {
    }

    /// <summary>The job is open; its orchestration is the caller's to start in the same transaction.</summary>
    public sealed record Opened(SupportAccess Access) : SupportResult;

    /// <summary>The row is as it was to be: now, or already.</summary>
    /// <param name="Access">The row.</param>
    /// <param name="IsChanged">False if it was so before.</param>
    public sealed record Done(SupportAccess Access, bool IsChanged) : SupportResult;

    /// <summary>There is no such tenant.</summary>
    public sealed record NoTenant : SupportResult;

    /// <summary>The tenant has no such access.</summary>
    public sealed record NotFound : SupportResult;

    /// <summary>The tenant's state does not allow it.</summary>
    public sealed record NotActive(string State) : SupportResult;

    /// <summary>The operator has another one there.</summary>
    public sealed record Live(SupportAccess Access) : SupportResult;

    /// <summary>The access's state does not allow it.</summary>
    public sealed record WrongState(SupportAccess Access) : SupportResult;
}
