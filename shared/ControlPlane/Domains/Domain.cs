using Bibind.Contracts;

namespace Bibind.ControlPlane.Domains;

/// <summary>A host name of a customer's own.</summary>
public sealed record Domain
{
    public long Id { get; init; }
    public long TenantId { get; init; }

    /// <summary>Lower case, in its ASCII form.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>One of <see cref="DomainStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>What the TXT record must hold.</summary>
    public string Proof { get; init; } = string.Empty;

    /// <summary>What is missing, or why it failed, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>The newest job about it.</summary>
    public string JobId { get; init; } = string.Empty;
    public int Removals { get; init; }
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When its records were looked at last.</summary>
    public DateTimeOffset? CheckedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>When its records were seen with their proof; from then on it is this tenant's alone.</summary>
    public DateTimeOffset? ProvedAt { get; init; }

    /// <summary>The order of a job about it.</summary>
    public DomainOrder Order(string code, string jobId) => new() { DomainId = Id, TenantId = TenantId, JobId = jobId, Code = code, Name = Name };
}

/// <summary>The states of a customer's own host name.</summary>
public static class DomainStates
{
    public const string WaitingForDns = "waiting_for_dns";
    public const string Issuing = "issuing";
    public const string Active = "active";
    public const string Failed = "failed";
    public const string Removing = "removing";
}

/// <summary>What became of a wish about a host name.</summary>
public abstract record DomainResult;

/// <summary>The job is open; its orchestration is the caller's to start in the same transaction.</summary>
/// <param name="Host">The tenant's name at the platform.</param>
/// <param name="WaitingJobId">A job that waits for the name's records and has to give way.</param>
public sealed record DomainAccepted(Domain Domain, DomainOrder Order, string Host, string? WaitingJobId = null) : DomainResult;

/// <summary>Everything stays as it is.</summary>
/// <param name="Message">Why, and what would help.</param>
public sealed record DomainRefused(DomainRefusalKind Kind, string Message) : DomainResult;

/// <summary>Why a wish about a host name is refused.</summary>
public enum DomainRefusalKind
{
    /// <summary>There is no such tenant.</summary>
    NoTenant,

    /// <summary>The tenant is not active.</summary>
    TenantState,

    /// <summary>The name belongs to a tenant already.</summary>
    Taken,

    /// <summary>The tenant has no such name.</summary>
    NoDomain,

    /// <summary>A job is at work on the name.</summary>
    JobRunning,
}

/// <summary>Another tenant proved the name first.</summary>
public sealed class DomainLostException(string name)
    : Exception($"Another tenant has proved the domain '{name}' first: its records lead there, and it has to be removed there before it can be added here.");

/// <summary>Where a tenant is reached, besides the platform's name.</summary>
public interface ITenantDomains
{
    /// <summary>
    /// The tenant at each of its own host names, if <paramref name="place"/> is the tenant at the platform's; empty if it
    /// is the tenant at one of its own.
    /// </summary>
    /// <param name="place">The tenant.</param>
    /// <param name="onlyActive">True leaves out names that are not reached yet or any more.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<TenantDescriptor>> BesidesAsync(TenantDescriptor place, bool onlyActive, CancellationToken cancellationToken);

    /// <summary>Takes every name of the tenant out of the hands of jobs that wait or are done; for its removal.</summary>
    /// <returns>A name that a job is setting up at this moment, which has to be waited for, or null.</returns>
    Task<string?> CloseAsync(TenantDescriptor place, CancellationToken cancellationToken);
}
