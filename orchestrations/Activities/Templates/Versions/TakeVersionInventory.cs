using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.FileStores;
using Bibind.Activities.Inventory;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Templates.Versions;

/// <summary>Asks the server what is left of a version, or of its trial; what cannot be asked is unknown, which is not clean.</summary>
public sealed class TakeVersionInventory(
    PostgresConnector postgres, TenantDatabases databases, IDatabasePooler pooler, IFileStore files, IServerDirectory servers, ISecretStore secrets,
    ILogger<TakeVersionInventory> logger) : TaskActivity<VersionInventoryRequest, Contracts.Inventory>
{
    private const string OthersDetail = "something of that name is there, and it is not ours: it was left as it is";

    /// <inheritdoc/>
    public override async Task<Contracts.Inventory> RunAsync(TaskActivityContext context, VersionInventoryRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var items = request.Trial is { } trial
            ? await OfTrialAsync(trial, context.CancellationToken)
            : await OfVersionAsync(request.Version!, context.CancellationToken);
        return new Contracts.Inventory { Items = items };
    }

    private async Task<IReadOnlyList<InventoryItem>> OfTrialAsync(TenantDescriptor trial, CancellationToken cancellationToken)
    {
        var items = new List<InventoryItem>(await AskAsync("database", trial.Database, () => databases.ListAsync(trial, cancellationToken)));
        if (files.IsOn)
        {
            items.AddRange(await AskAsync("file-store", trial.Database, () => One("file-store", trial.Database, files.Look(trial))));
        }

        if (trial.DatabaseRole is { } role)
        {
            items.AddRange(await AskAsync("role", role, () => OfRoleAsync(trial, role, cancellationToken)));
        }

        var prefix = TenantSecrets.Prefix(trial.TenantId);
        items.AddRange(await AskAsync("secret", prefix, async () =>
        {
            var count = await secrets.CountAsync(prefix, cancellationToken);
            return count == 0
                ? [new InventoryItem("secret", prefix, InventoryItem.Absent)]
                : [new InventoryItem("secret", prefix, InventoryItem.Present, PlainText.Count(count, "secret"))];
        }));
        return items;
    }

    private async Task<IReadOnlyList<InventoryItem>> OfRoleAsync(TenantDescriptor trial, string role, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenMaintenanceAsync(trial.ServerId, $"bibind inventory {trial.Code}", cancellationToken);
        var isThere = await session.TranslateErrorsAsync(role, () => TenantRoles.ExistsAsync(session, role, cancellationToken));
        var isPooled = (await pooler.ListAsync(session.Server, cancellationToken)).GetValueOrDefault(trial.Database) == role;
        return
        [
            new InventoryItem("role", role, isThere ? InventoryItem.Present : InventoryItem.Absent),
            new InventoryItem("pooler-entry", trial.Database, isPooled ? InventoryItem.Present : InventoryItem.Absent),
        ];
    }

    private async Task<IReadOnlyList<InventoryItem>> OfVersionAsync(CreateTemplateOrder version, CancellationToken cancellationToken)
    {
        var items = new List<InventoryItem>(await AskAsync("database", version.Database, () => OfDatabasesAsync(version, cancellationToken)));
        if (files.IsOn)
        {
            items.AddRange(await AskAsync("file-store", version.Database, async () =>
            {
                var server = (await servers.GetConnectionAsync(version.ServerId, cancellationToken)).Code;
                return await One("file-store", version.Database, files.Look(version, server));
            }));
        }

        return items;
    }

    // One that was attached is not in the register: whoever made it keeps it.
    private async Task<IReadOnlyList<InventoryItem>> OfDatabasesAsync(CreateTemplateOrder version, CancellationToken cancellationToken)
    {
        var target = LabelledDatabase.Of(version);
        await using var session = await postgres.OpenMaintenanceAsync(version.ServerId, $"bibind inventory {version.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            var items = new List<InventoryItem>();
            foreach (var name in new[] { target.Name, target.StagingName })
            {
                var sight = await DatabaseCatalogue.LookAsync(session, name, cancellationToken);
                var isOurs = sight is not null && (name == target.Name
                    ? (await LabelledDatabases.KnownAsync(session, target.Holder, cancellationToken)).Find(sight.Oid) is not null
                    : await LabelledDatabases.IsOursAsync(session, target.Holder, sight, cancellationToken));
                items.Add(sight is null ? new InventoryItem("database", name, InventoryItem.Absent)
                    : isOurs ? new InventoryItem("database", name, InventoryItem.Present, $"{await DatabaseCatalogue.MeasureAsync(session, name, cancellationToken)} bytes")
                    : new InventoryItem("database", name, InventoryItem.Kept, OthersDetail));
            }

            return items;
        });
    }

    private static Task<IReadOnlyList<InventoryItem>> One(string kind, string name, FileStoreInfo seen) => Task.FromResult<IReadOnlyList<InventoryItem>>(
    [
        seen switch
        {
            FileStoreInfo.Absent => new InventoryItem(kind, name, InventoryItem.Absent),
            FileStoreInfo.Ours => new InventoryItem(kind, name, InventoryItem.Present),
            _ => new InventoryItem(kind, name, InventoryItem.Kept, OthersDetail),
        },
    ]);

    private async Task<IReadOnlyList<InventoryItem>> AskAsync(string kind, string name, Func<Task<IReadOnlyList<InventoryItem>>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception unanswered) when (unanswered is not OperationCanceledException)
        {
            logger.InventoryUnknown(kind, name, unanswered);
            return [new InventoryItem(kind, name, InventoryItem.Unknown, unanswered.Message)];
        }
    }
}
