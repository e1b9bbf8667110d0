using Bibind.ControlPlane.Databases;

namespace Bibind.Activities.Database;

/// <summary>A database that bears the name of one of ours and is not ours.</summary>
/// <param name="Words">How that came to be, as far as it is known.</param>
/// <param name="IsInTheWay">True if it stands where ours should be; false if we never had one there.</param>
internal sealed record ForeignDatabase(string Words, bool IsInTheWay);

/// <summary>Says how a database that is not ours came to bear the name of one of ours.</summary>
internal static class ForeignDatabases
{
    private const string Remedy = "POST /api/tenants/{code}/database/adopt makes the one of that name the tenant's own.";

    /// <summary>In words.</summary>
    /// <param name="session">On the server.</param>
    /// <param name="target">Ours.</param>
    /// <param name="known">What is known of its holder.</param>
    /// <param name="sight">The one of that name; null if none has it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<string> DescribeAsync(
        MaintenanceSession session, LabelledDatabase target, KnownDatabases known, DatabaseInfo? sight, CancellationToken cancellationToken)
    {
        var remedy = target.Holder.TenantId is null ? string.Empty : $" {Remedy}";
        var renamed = await LabelledDatabases.FindRenamedAsync(session, target, known, cancellationToken);
        if (sight is null)
        {
            return $"the database of {target.Holder} (oid {renamed?.Oid}) has been renamed '{renamed?.Name}'. Give it its name back.";
        }

        if (await session.Register.FindAsync(session.Server.ServerId, sight.Oid, cancellationToken) is { } other)
        {
            return $"it is the database of {other.Holder}.";
        }

        if (renamed is not null)
        {
            return $"there are two, for the database of {target.Holder} (oid {renamed.Oid}) has been renamed '{renamed.Name}', and this one (oid {sight.Oid}, of role '{sight.Owner}') is not known here.{remedy}";
        }

        return Expected(target, known) switch
        {
            { Oid: { } oid } => $"it was made anew by somebody (oid {sight.Oid}, of role '{sight.Owner}'), and the database of {target.Holder} (oid {oid}) is gone.{remedy}",
            { } => $"it (oid {sight.Oid}, of role '{sight.Owner}') did not carry the mark of {target.Holder} when databases were recorded.{remedy}",
            null => $"it (oid {sight.Oid}, of role '{sight.Owner}') is not known here.",
        };
    }

    /// <summary>True if the holder had a database of that name, so that nobody knows whether this one holds what is the holder's.</summary>
    public static async Task<bool> IsInTheWayAsync(
        MaintenanceSession session, LabelledDatabase target, KnownDatabases known, DatabaseInfo sight, CancellationToken cancellationToken) =>
        Expected(target, known) is not null
        && await session.Register.FindAsync(session.Server.ServerId, sight.Oid, cancellationToken) is null;

    private static KnownDatabase? Expected(LabelledDatabase target, KnownDatabases known) =>
        known.All.FirstOrDefault(d => d.Name == target.Name);
}
