using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Certificates;
using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Dns;
using Bibind.Activities.FileStores;
using Bibind.Activities.Routing;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Inventory;

/// <summary>Asks every server what is left of a tenant; one that cannot be asked makes its item unknown, not the answer fail.</summary>
public sealed class TakeInventory(
    PostgresConnector postgres,
    IDatabasePooler pooler,
    TenantDatabases databases,
    IDnsProvider dns,
    ICertificateProvider certificates,
    IRouteProvider routes,
    IObjectStore store,
    TenantBucket buckets,
    IStorageUsers storageUsers,
    IFileStore fileStore,
    ISecretStore secrets,
    ITenantDomains domains,
    IMovedCopies moves,
    CopyPlaces moved,
    IOptions<BackupOptions> backups,
    ILogger<TakeInventory> logger) : TaskActivity<InventoryRequest, Contracts.Inventory>
{
    private const int CountedAtMost = 1000;
    internal const string ForeignDetail = "something of that name is there, but it is not this tenant's";

    private const string RoleSql = "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = $1";

    /// <inheritdoc/>
    public override Task<Contracts.Inventory> RunAsync(TaskActivityContext context, InventoryRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        return LookAsync(request, context.CancellationToken);
    }

    /// <summary>The same outside of an orchestration.</summary>
    internal async Task<Contracts.Inventory> LookAsync(InventoryRequest request, CancellationToken cancellationToken)
    {
        var place = request.Place;
        var target = LabelledDatabase.Of(place);
        return new Contracts.Inventory
        {
            Items =
            [
                .. await AskForDatabasesAsync(place, cancellationToken),
                await AskAsync("role", target.Name, () => LookForRoleAsync(place, target, cancellationToken)),
                .. await AskForTenantRoleAsync(place, cancellationToken),
                .. await AskForMovedCopiesAsync(place, cancellationToken),
                await AskAsync("dns-record", place.Host, async () => Seen(await dns.ExistsAsync(place, cancellationToken))),
                await AskAsync("certificate", place.Host, async () => Seen(await certificates.ExistsAsync(place, cancellationToken))),
                .. await AskForProofAsync(place, cancellationToken),
                await AskAsync("route", place.Host, async () => Seen(await routes.ExistsAsync(place, cancellationToken))),
                .. await AskForDomainsAsync(place, cancellationToken),
                await AskAsync("bucket", place.Bucket, () => LookForBucketAsync(place, cancellationToken)),
                .. await AskForStorageUserAsync(place, cancellationToken),
                .. await AskForFileStoreAsync(place),
                await AskAsync("backup", BackupKeys.Prefix(place), () => LookForBackupsAsync(request, cancellationToken)),
                await AskAsync("secret", TenantSecrets.Prefix(place.TenantId), () => LookForSecretsAsync(place, cancellationToken)),
            ],
        };
    }

    private async Task<IReadOnlyList<InventoryItem>> AskForDatabasesAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        try
        {
            return await databases.ListAsync(place, cancellationToken);
        }
        catch (Exception unanswered) when (unanswered is not OperationCanceledException)
        {
            logger.InventoryUnknown("database", place.Database, unanswered);
            return [.. TenantDatabases.NamesOf(place).Select(name => new InventoryItem("database", name, InventoryItem.Unknown, unanswered.Message))];
        }
    }

    // Of a tenant that ends: what its moves left on servers that it did not live on any more.
    private async Task<IReadOnlyList<InventoryItem>> AskForMovedCopiesAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var items = new List<InventoryItem>();
        foreach (var move in (await moves.ListCopiesOfEndingAsync(place.TenantId, cancellationToken)).Where(m => m.CopyServerId != place.ServerId))
        {
            var copy = await moved.OfAsync(move, place, cancellationToken);
            items.AddRange((await AskForDatabasesAsync(copy.Place!, cancellationToken)).Select(i => i with { Name = $"{copy.Place!.ServerCode}/{i.Name}" }));
        }

        return items;
    }

    private async Task<IReadOnlyList<InventoryItem>> AskForDomainsAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var items = new List<InventoryItem>();
        foreach (var at in await domains.BesidesAsync(place, onlyActive: false, cancellationToken))
        {
            items.Add(await AskAsync("certificate", at.Host, async () => Seen(await certificates.ExistsAsync(at, cancellationToken))));
            items.AddRange(await AskForProofAsync(at, cancellationToken));
            items.Add(await AskAsync("route", at.Host, async () => Seen(await routes.ExistsAsync(at, cancellationToken))));
        }

        return items;
    }

    private async Task<IReadOnlyList<InventoryItem>> AskForProofAsync(TenantDescriptor place, CancellationToken cancellationToken) => certificates.ShowsProofs
        ? [await AskAsync("acme-challenge", $"_acme-challenge.{place.Host}", async () => Seen(await certificates.IsProofShownAsync(place, cancellationToken)))]
        : [];

    private async Task<IReadOnlyList<InventoryItem>> AskForStorageUserAsync(TenantDescriptor place, CancellationToken cancellationToken) => storageUsers.IsOn
        ? [await AskAsync("storage-user", place.Bucket, async () => Seen(await storageUsers.ExistsAsync(place, cancellationToken)))]
        : [];

    private async Task<IReadOnlyList<InventoryItem>> AskForFileStoreAsync(TenantDescriptor place) => fileStore.IsOn
        ? [await AskAsync("file-store", place.Database, () => Task.FromResult(fileStore.Look(place) switch
            {
                FileStoreInfo.Absent => Seen(false),
                FileStoreInfo.Ours => Seen(true),
                _ => new Answer(InventoryItem.Absent, ForeignDetail),
            }))]
        : [];

    private async Task<InventoryItem> AskAsync(string kind, string name, Func<Task<Answer>> ask)
    {
        try
        {
            var answer = await ask();
            return new InventoryItem(kind, name, answer.State, answer.Detail);
        }
        catch (Exception unanswered) when (unanswered is not OperationCanceledException)
        {
            logger.InventoryUnknown(kind, name, unanswered);
            return new InventoryItem(kind, name, InventoryItem.Unknown, unanswered.Message);
        }
    }

    private async Task<Answer> LookForRoleAsync(TenantDescriptor place, LabelledDatabase target, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind inventory {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            var comments = await session.QueryAsync(RoleSql, row => row.IsDBNull(0) ? null : row.GetString(0), cancellationToken, target.Name);
            return comments.Count == 0 ? Seen(false)
                : target.Marks(comments[0]) ? Seen(true)
                : new Answer(InventoryItem.Absent, ForeignDetail);
        });
    }

    private async Task<IReadOnlyList<InventoryItem>> AskForTenantRoleAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        if (place.DatabaseRole is not { } role)
        {
            return [];
        }

        return
        [
            await AskAsync("role", role, async () =>
            {
                await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind inventory {place.Code}", cancellationToken);
                return await session.TranslateErrorsAsync(role, async () => Seen(await TenantRoles.ExistsAsync(session, role, cancellationToken)));
            }),
            await AskAsync("pooler-entry", place.Database, async () =>
            {
                await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind inventory {place.Code}", cancellationToken);
                return Seen((await pooler.ListAsync(session.Server, cancellationToken)).GetValueOrDefault(place.Database) == role);
            }),
        ];
    }

    private async Task<Answer> LookForBucketAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        await buckets.LookAsync(place, cancellationToken) switch
        {
            BucketInfo.Absent => Seen(false),
            BucketInfo.Ours => Seen(true),
            _ => new Answer(InventoryItem.Absent, ForeignDetail),
        };

    private async Task<Answer> LookForBackupsAsync(InventoryRequest request, CancellationToken cancellationToken)
    {
        var page = await store.ListAsync(backups.Value.Bucket, BackupKeys.Prefix(request.Place), null, CountedAtMost, cancellationToken);
        var count = page.Next is null ? PlainText.Count(page.Objects.Count, "object") : $"more than {CountedAtMost} objects";
        return page.Objects.Count == 0 ? Seen(false)
            : request.KeepBackups ? new Answer(InventoryItem.Kept, $"{count}, kept as ordered")
            : new Answer(InventoryItem.Present, count);
    }

    private async Task<Answer> LookForSecretsAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var count = await secrets.CountAsync(TenantSecrets.Prefix(place.TenantId), cancellationToken);
        return count == 0 ? Seen(false) : new Answer(InventoryItem.Present, PlainText.Count(count, "secret"));
    }

    private static Answer Seen(bool isThere) => new(isThere ? InventoryItem.Present : InventoryItem.Absent, null);

    private sealed record Answer(string State, string? Detail);
}
