using Bibind.Activities.Application;
using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.Durable;

namespace Bibind.Activities.Upgrades;

/// <summary>Makes and drops the copies in which upgrades are rehearsed.</summary>
public sealed class UpgradeCopies(
    PostgresConnector postgres, ApplicationProviders applications, BackupFiles backups, BackupRestore restore, TenantRoleLifecycle roles, IDatabasePooler pooler, SupportCleaning support,
    IFileStore files, TimeProvider time)
{
    /// <summary>Restores a backup as the copy; one that an earlier attempt made is dropped before. The application does not see it.</summary>
    public async Task MakeAsync(TenantDescriptor copy, BackupRef backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var target = Require(copy);
        await using var session = await postgres.OpenMaintenanceAsync(copy.ServerId, target.Maker, cancellationToken);
        await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await LabelledDatabases.EndMakersAsync(session, target, time, cancellationToken);
            await roles.WithdrawAsync(session.Server, copy, cancellationToken);
            var manifest = await backups.ReadManifestAsync(backup, cancellationToken);
            BackupRestore.RefuseOlderServer(manifest, session);
            await backups.VerifyAsync(manifest, cancellationToken);
            var wanted = new KnownDatabase { ServerId = copy.ServerId, Oid = null, Name = target.Name, Holder = target.Holder, Purpose = target.Purpose };
            await restore.RunAsync(session, copy, wanted, manifest, cancellationToken);
            if (copy.DatabaseRole is { } role)
            {
                // As with a tenant's: the role owns what is in it, and never the database.
                var database = SqlText.Identifier(target.Name);
                await session.ExecuteAsync(
                    $"""
                    alter database {database} owner to {SqlText.Identifier(session.Server.DatabaseUser)};
                    grant create, connect, temporary on database {database} to {SqlText.Identifier(role)}
                    """,
                    cancellationToken);
            }

            return Unit.Value;
        });
        await using var content = await postgres.OpenAsync(copy, cancellationToken);
        await content.TranslateErrorsAsync(async () =>
        {
            await applications.Of(copy.Application).PrepareRestoredAsync(content.Connection, copy.HasFileStore, keepsQueue: false, cancellationToken);
            await support.RunAsync(content.Connection, copy, backup.TenantId, cancellationToken);
            return Unit.Value;
        });
    }

    /// <summary>Drops its database; succeeds when there is none.</summary>
    /// <exception cref="PermanentFailureException">A database that is not ours bears its name.</exception>
    public async Task DropAsync(TenantDescriptor copy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var target = Require(copy);
        await using var session = await postgres.OpenMaintenanceAsync(copy.ServerId, $"bibind drop {copy.Code}", cancellationToken);
        await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await roles.WithdrawAsync(session.Server, copy, cancellationToken);
            await LabelledDatabases.EndMakersAsync(session, target, time, cancellationToken);
            return await LabelledDatabases.DropWorkAsync(session, target.Holder, target.Name, cancellationToken)
                ? Unit.Value
                : throw LabelledDatabases.Foreign(session, target.Name);
        });
    }

    /// <summary>What is left of it; what cannot be asked is unknown, which is not clean.</summary>
    public async Task<Contracts.Inventory> LookAsync(TenantDescriptor copy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var target = Require(copy);
        var items = new List<InventoryItem>
        {
            await AskAsync("database", target.Name, async () =>
            {
                await using var session = await postgres.OpenMaintenanceAsync(copy.ServerId, $"bibind inventory {copy.Code}", cancellationToken);
                return await session.TranslateErrorsAsync(target.Name, () => DatabaseCatalogue.LookAsync(session, target.Name, cancellationToken)) is not null;
            }),
        };
        if (files.IsOn)
        {
            items.Add(await AskAsync("file-store", target.Name, () => Task.FromResult(files.Look(copy) == FileStoreInfo.Ours)));
        }

        if (copy.DatabaseRole is not null)
        {
            items.Add(await AskAsync("pooler-entry", target.Name, async () =>
            {
                await using var session = await postgres.OpenMaintenanceAsync(copy.ServerId, $"bibind inventory {copy.Code}", cancellationToken);
                return (await pooler.ListAsync(session.Server, cancellationToken)).ContainsKey(target.Name);
            }));
        }

        return new Contracts.Inventory { Items = items };
    }

    // Whatever else is handed to us is somebody's.
    private static LabelledDatabase Require(TenantDescriptor copy) => copy.IsRehearsal && copy.Database != copy.TemplateDatabase
        ? LabelledDatabase.Of(copy)
        : throw new PermanentFailureException($"'{copy.Database}' is no copy of tenant '{copy.Code}': it was left as it is.");

    private static async Task<InventoryItem> AskAsync(string kind, string name, Func<Task<bool>> isThere)
    {
        try
        {
            return new InventoryItem(kind, name, await isThere() ? InventoryItem.Present : InventoryItem.Absent);
        }
        catch (ActivityFailureException unanswered)
        {
            return new InventoryItem(kind, name, InventoryItem.Unknown, unanswered.Message);
        }
    }
}
