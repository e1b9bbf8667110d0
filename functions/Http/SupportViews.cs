using Bibind.Contracts;
using Bibind.ControlPlane.Support;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>A request to enter a tenant's application.</summary>
public sealed record RequestSupportAccess
{
    /// <summary>Why, in words, at most 500 characters; the customer is shown it.</summary>
    public required string Reason { get; init; }

    /// <summary><c>user</c> (unless given): what a new internal user may; <c>administrator</c>: the application's settings too.</summary>
    public string? Level { get; init; }

    /// <summary>How long the account can be used, from when it can; by the settings unless given.</summary>
    public int? Minutes { get; init; }

    internal static IReadOnlyDictionary<string, string[]> FindWrong(RequestSupportAccess given, SupportOptions options)
    {
        var errors = new FieldErrors();
        if (given.Level is { } level && !SupportLevels.All.Contains(level))
        {
            errors.Add("level", $"must be {string.Join(" or ", SupportLevels.All)}");
        }

        if (given.Minutes is { } minutes && (minutes < SupportOptions.ShortestMinutes || minutes > options.LongestMinutes))
        {
            errors.Add("minutes", $"must be {SupportOptions.ShortestMinutes} to {options.LongestMinutes}");
        }

        RecordedReason.Add(errors, given.Reason);
        return errors.ToDictionary();
    }
}

/// <summary>A word about an access: the consent, its refusal, or the end.</summary>
public sealed record DecideSupportAccess
{
    /// <summary>Why, in words, at most 500 characters; recorded.</summary>
    public string? Reason { get; init; }
}

/// <summary>An operator's access to a tenant's application.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Tenant">The tenant's code.</param>
/// <param name="State">waiting (for the consent), granting, open, ending, ended, refused, expired or failed.</param>
public sealed record SupportAccessView(long Id, string Tenant, string State)
{
    /// <summary>user or administrator.</summary>
    public required string Level { get; init; }
    public required int Minutes { get; init; }
    public required string Reason { get; init; }
    public required string RequestedBy { get; init; }
    public required DateTimeOffset RequestedAt { get; init; }
    public required bool NeedsConsent { get; init; }

    /// <summary>Until when the customer can consent; null where nobody is asked.</summary>
    public required DateTimeOffset? ConsentUntil { get; init; }
    public required string? DecidedBy { get; init; }
    public required DateTimeOffset? DecidedAt { get; init; }
    public required string? DecisionReason { get; init; }
    public required DateTimeOffset? OpenedAt { get; init; }

    /// <summary>When the account is removed, at the latest.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When the operator was shown the credentials.</summary>
    public required DateTimeOffset? ShownAt { get; init; }
    public required string? RevokedBy { get; init; }
    public required DateTimeOffset? RevokedAt { get; init; }
    public required string? RevokeReason { get; init; }
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>The account's login, as it was made.</summary>
    public required string Login { get; init; }

    /// <summary>Why it failed.</summary>
    public required string? Failure { get; init; }

    /// <summary>What its user made or changed that lets somebody in, or acts by itself.</summary>
    public required IReadOnlyList<string> Left { get; init; }
    public required string Job { get; init; }

    /// <summary>From a row.</summary>
    public static SupportAccessView Of(SupportAccess access)
    {
        ArgumentNullException.ThrowIfNull(access);
        return new SupportAccessView(access.Id, access.TenantCode, access.State)
        {
            Level = access.Level,
            Minutes = access.Minutes,
            Reason = access.Reason,
            RequestedBy = access.RequestedBy,
            RequestedAt = access.RequestedAt,
            NeedsConsent = access.NeedsConsent,
            ConsentUntil = access.ConsentUntil,
            DecidedBy = access.DecidedBy,
            DecidedAt = access.DecidedAt,
            DecisionReason = access.DecisionReason,
            OpenedAt = access.OpenedAt,
            ExpiresAt = access.ExpiresAt,
            ShownAt = access.ShownAt,
            RevokedBy = access.RevokedBy,
            RevokedAt = access.RevokedAt,
            RevokeReason = access.RevokeReason,
            EndedAt = access.EndedAt,
            Login = access.Login,
            Failure = access.Failure is null ? null : JobSteps.Cut(access.Failure),
            Left = access.Result,
            Job = access.JobId,
        };
    }
}

/// <summary>The credentials of an account, shown once.</summary>
/// <param name="Url">Where they are for.</param>
/// <param name="Login">The login.</param>
/// <param name="Password">The password.</param>
/// <param name="ExpiresAt">When the account is removed.</param>
public sealed record SupportCredentials(string Url, string Login, string Password, DateTimeOffset ExpiresAt)
{
    /// <summary>Leaves the password out.</summary>
    public override string ToString() => $"{Login} at {Url}";
}
