using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>What a job does about one host name of a customer's own.</summary>
public sealed record DomainOrder
{
    public required long DomainId { get; init; }
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>The host name, lower case, in its ASCII form.</summary>
    public required string Name { get; init; }

    /// <summary>How long the customer has to set the records.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>A tenant by two of its names.</summary>
/// <param name="Custom">At the customer's own host name.</param>
/// <param name="Platform">At the platform's.</param>
public sealed record DomainDescriptor(TenantDescriptor Custom, TenantDescriptor Platform);

/// <summary>Whether a name leads to us.</summary>
/// <param name="State">One of the constants.</param>
/// <param name="Note">What is missing, in words.</param>
/// <param name="Place">Set when it leads to us.</param>
public sealed record DomainCheck(string State, string? Note = null, DomainDescriptor? Place = null)
{
    /// <summary>The records are as they must be, and the name is being set up from now on.</summary>
    public const string Leads = "leads";

    /// <summary>Something is missing still.</summary>
    public const string Waits = "waits";

    /// <summary>Nobody wants the name any more.</summary>
    public const string Withdrawn = "withdrawn";
}

/// <summary>How a job about a name ended without what it was for.</summary>
/// <param name="IsCancelled">True if nobody wants it any more; else it failed.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record DomainEnd(DomainOrder Order, bool IsCancelled, string Reason);

/// <summary>How a job about a name ended.</summary>
/// <param name="State"><c>active</c>, <c>cancelled</c> or <c>removed</c>.</param>
/// <param name="BaseUrl">Where the tenant is reached now.</param>
public sealed record DomainOutcome(string Code, string Name, string State, string? BaseUrl = null);

/// <summary>Host names of customers' own.</summary>
public static class Domains
{
    /// <summary>The event that makes a waiting job look at once.</summary>
    public const string ValidateEvent = "validate";

    private static readonly RetryPolicy Quick = new(8, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromSeconds(30));
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Resolves the name; if it leads to us with its proof, the name is issuing from then on.</summary>
    public static readonly ActivityDefinition<DomainOrder, DomainCheck> Check = new("domains.check", Quick);

    /// <summary>The tenant at the name that is to be removed, and at the platform's.</summary>
    public static readonly ActivityDefinition<DomainOrder, DomainDescriptor> Locate = new("domains.locate", Quick);
    public static readonly ActivityDefinition<DomainOrder, DomainOutcome> Activate = new("domains.activate", Quick);

    /// <summary>Ends a job that did not come to its aim; the name keeps the reason.</summary>
    public static readonly ActivityDefinition<DomainEnd, Unit> End = new("domains.end", Stubborn);

    /// <summary>Deletes the row of a name that was withdrawn.</summary>
    public static readonly ActivityDefinition<DomainOrder, DomainOutcome> Forget = new("domains.forget", Stubborn);
}
