using Bibind.Contracts;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Reconciliation;

/// <summary>A tenant as the control database wants it, read in one statement before anybody is asked.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Facts">What else is compared.</param>
public sealed record ReconciledTenant(Tenant Tenant, ReconciledFacts Facts)
{
    /// <summary>True if it has ended: nothing of it may be there.</summary>
    public bool HasEnded => Tenant.State is TenantStates.Terminated or TenantStates.Failed;

    /// <summary>True if somebody suspended it, everything was closed, and nobody is opening it.</summary>
    public bool IsShut => Tenant is { IsSuspendedOnPurpose: true, SuspendedAt: not null } && !Facts.IsBeingLifted;

    /// <summary>Where it is.</summary>
    public TenantDescriptor Place => Tenant.ToPlace("reconciliation");
}

/// <summary>What is compared besides the tenant's own row.</summary>
public sealed record ReconciledFacts
{
    public long Id { get; init; }

    /// <summary>When its newest job was ordered.</summary>
    public DateTimeOffset? JobAt { get; init; }

    /// <summary>True if a job is opening it.</summary>
    public bool IsBeingLifted { get; init; }

    /// <summary>PostgreSQL's number for its database; null if it is not known.</summary>
    public long? DatabaseOid { get; init; }

    /// <summary>The customer's own host names that are reached.</summary>
    public IReadOnlyList<string> Domains { get; init; } = [];

    /// <summary>Why it lacks a recent backup; null if it does not.</summary>
    public string? MissingBackup { get; init; }

    /// <summary>When its newest good backup was taken, where it lacks a recent one.</summary>
    public DateTimeOffset? LastBackupAt { get; init; }

    /// <summary>One of <see cref="SubscriptionStates"/>; null without a subscription.</summary>
    public string? Subscription { get; init; }

    /// <summary>True if the tenant is about to follow its subscription.</summary>
    public bool IsToFollow { get; init; }
    public string? FollowReason { get; init; }
    public DateTimeOffset? SubscribedSince { get; init; }
}
