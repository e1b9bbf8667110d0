using Bibind.Activities.Backup;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;

namespace Bibind.Activities.Inventory;

/// <summary>Which databases of a tenant are on its server: under the names that we give, and by their numbers under any other.</summary>
public sealed class TenantDatabases(PostgresConnector postgres)
{
    private const string Kind = "database";

    /// <summary>The names that we give: the tenant's own, and those while it is made or restored.</summary>
    internal static IReadOnlyList<string> NamesOf(TenantDescriptor place)
    {
        var target = LabelledDatabase.Of(place);
        return place.Trial is not null ? [target.Name, target.StagingName] : [target.Name, target.StagingName, ScratchDatabase.NameForRestore(place), RestoreSwap.FormerName(place)];
    }

    /// <summary>One item for each name, and one for each database of the tenant's that somebody renamed.</summary>
    /// <inheritdoc cref="PostgresConnector.OpenMaintenanceAsync" path="/exception"/>
    public async Task<IReadOnlyList<InventoryItem>> ListAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind inventory {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            var known = await LabelledDatabases.KnownAsync(session, target.Holder, cancellationToken);
            var names = NamesOf(place);
            var items = new List<InventoryItem>();
            foreach (var name in names)
            {
                items.Add(await LookAsync(session, target, known, name, cancellationToken));
            }

            // A trial has its own end, and its backup may be kept.
            var own = known.All.Where(d => d.Oid is not null && (d.Purpose != DatabasePurposes.Trial || target.Holder.IsTrial)).Select(d => d.Oid!.Value);
            var renamed = (await DatabaseCatalogue.ListAsync(session, own, cancellationToken)).Where(d => !names.Contains(d.Name));
            foreach (var sight in renamed)
            {
                items.Add(new InventoryItem(
                    Kind, sight.Name, InventoryItem.Present,
                    $"{await SizeAsync(session, sight, cancellationToken)}; the tenant's (oid {sight.Oid}), under a name that somebody gave it"));
            }

            return items;
        });
    }

    private static async Task<InventoryItem> LookAsync(
        MaintenanceSession session, LabelledDatabase target, KnownDatabases known, string name, CancellationToken cancellationToken)
    {
        if (await DatabaseCatalogue.LookAsync(session, name, cancellationToken) is not { } sight)
        {
            return new InventoryItem(Kind, name, InventoryItem.Absent);
        }

        var isOurs = name == target.Name
            ? known.Find(sight.Oid) is not null
            : await LabelledDatabases.IsOursAsync(session, target.Holder, sight, cancellationToken);
        if (isOurs)
        {
            return new InventoryItem(Kind, name, InventoryItem.Present, await SizeAsync(session, sight, cancellationToken));
        }

        // Under the tenant's own name it may hold what is the tenant's, and under another nobody but us makes any: nobody is told that
        // nothing is there. One that is known to be somebody else's says nothing of this tenant.
        var isInTheWay = name == target.Name
            ? await ForeignDatabases.IsInTheWayAsync(session, target, known, sight, cancellationToken)
            : await session.Register.FindAsync(session.Server.ServerId, sight.Oid, cancellationToken) is null;
        return isInTheWay
            ? new InventoryItem(
                Kind, name, InventoryItem.Present,
                $"foreign: {await ForeignDatabases.DescribeAsync(session, target, known, sight, cancellationToken)}")
            : new InventoryItem(Kind, name, InventoryItem.Absent, TakeInventory.ForeignDetail);
    }

    private static async Task<string> SizeAsync(MaintenanceSession session, DatabaseInfo sight, CancellationToken cancellationToken)
    {
        var bytes = $"{await DatabaseCatalogue.MeasureAsync(session, sight.Name, cancellationToken)} bytes";
        return sight.IsInvalid ? $"{bytes}, invalid after an interrupted DROP" : bytes;
    }
}
