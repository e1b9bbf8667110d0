namespace Bibind.EndToEnd.Tests.Upgrades;

/// <summary>What is under way in a recording, by the codes of its tenants.</summary>
internal static class InFlight
{
    /// <summary>Every step of its order failed for the moment: their next attempts wait in timers.</summary>
    public const string Retried = "upgrade-retried";

    /// <summary>The steps of its order were given back by a worker that ended: they are pending.</summary>
    public const string Pending = "upgrade-pending";

    /// <summary>Its order is suspended, with steps under way.</summary>
    public const string Suspended = "upgrade-suspended";

    /// <summary>Its order starts at a later time.</summary>
    public const string Scheduled = "upgrade-scheduled";

    /// <summary>Its order was accepted, and nobody has begun with it.</summary>
    public const string Accepted = "upgrade-accepted";

    /// <summary>It is being removed.</summary>
    public const string Removed = "upgrade-removed";

    /// <summary>The tenants that are there once everything has ended.</summary>
    public static IReadOnlyList<string> Made { get; } = [Retried, Pending, Suspended, Scheduled, Accepted];

    /// <summary>Where the recordings are: a backup of the control database for each version.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Upgrades");
}
