using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization;

namespace Bibind.Contracts;

/// <summary>What a tenant that works may still lack.</summary>
public static class PendingKinds
{
    /// <summary>No backup of it was taken yet.</summary>
    public const string FirstBackup = "first-backup";

    /// <summary>The customer's standard user does not exist yet.</summary>
    public const string StandardUser = "standard-user";

    /// <summary>The application was not seen to answer for it yet.</summary>
    public const string SmokeTest = "smoke-test";

    /// <summary>Every kind.</summary>
    public static IReadOnlyList<string> All { get; } = [FirstBackup, StandardUser, SmokeTest];
}

/// <summary>Something that could not be done yet.</summary>
/// <param name="Kind">One of <see cref="PendingKinds"/>.</param>
/// <param name="Reason">Why not, in words.</param>
public sealed record PutOff(string Kind, string Reason);

/// <summary>A tenant whose making has come to its end: where it lives, what its job wants to say, and what it still lacks.</summary>
public sealed record TenantToActivate : TenantDescriptor
{
    [JsonConstructor]
    public TenantToActivate()
    {
    }

    [SetsRequiredMembers]
    public TenantToActivate(TenantDescriptor place)
        : base(place)
    {
    }

    /// <summary>What steps want to tell a person, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What could not be done yet.</summary>
    public IReadOnlyList<PutOff> Pending { get; init; } = [];

    /// <summary>What a staging copy is without; null for every other tenant.</summary>
    public StagingReport? Staging { get; init; }
}

/// <summary>One round of the timer that does what was put off.</summary>
/// <param name="Wait">How long to wait before it.</param>
public sealed record PendingRound(TimeSpan Wait);
