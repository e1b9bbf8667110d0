using System.Globalization;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Backup;

/// <summary>
/// Gives a restored database the tenant's name, and the one that had it away, both or neither. What was replaced is still there
/// afterwards: nothing may come between the new name and the files that follow it.
/// </summary>
internal static class RestoreSwap
{
    private const int MostAttempts = 5;

    /// <summary>The name of what was replaced, until it is dropped.</summary>
    public static string FormerName(TenantDescriptor place) =>
        string.Create(CultureInfo.InvariantCulture, $"bibind-former-{place.TenantId}-{place.Code}");

    public static async Task RunAsync(
        MaintenanceSession session, string scratch, LabelledDatabase restored, TenantDescriptor place, string role, bool isThere, CancellationToken cancellationToken)
    {
        var (database, former, fresh) = (SqlText.Identifier(restored.Name), SqlText.Identifier(FormerName(place)), SqlText.Identifier(scratch));
        if (!await LabelledDatabases.DropWorkAsync(session, restored.Holder, FormerName(place), cancellationToken))
        {
            throw LabelledDatabases.Foreign(session, FormerName(place));
        }

        // Known by what brought it back before it has the name: killed after the renaming, it is told by that.
        await RecordAsync(session, scratch, restored.Name, DatabasePurposes.Restore, restored, cancellationToken);
        if (isThere)
        {
            // Nobody comes back between the end of the sessions and the renaming; on failure they may again.
            await session.ExecuteAsync($"alter database {database} allow_connections false", cancellationToken);
        }

        var setAside = isThere ? $"alter database {database} rename to {former};" : string.Empty;
        try
        {
            await RetryWhileInUseAsync(async () =>
            {
                await DatabaseSessions.EndAsync(session, restored.Name, cancellationToken);
                await DatabaseSessions.EndAsync(session, scratch, cancellationToken);
                await session.ExecuteAsync(
                    $"""
                    {setAside}
                    comment on database {fresh} is {SqlText.Literal(restored.Mark)};
                    alter database {fresh} owner to {SqlText.Identifier(session.Server.DatabaseUser)};
                    grant {(place.DatabaseRole is null ? string.Empty : "create, ")}connect, temporary on database {fresh} to {SqlText.Identifier(role)};
                    alter database {fresh} rename to {database}
                    """,
                    cancellationToken);
            });
        }
        catch when (isThere)
        {
            using var cleanup = LeaseFence.SuspendForCleanup();
            await session.ExecuteAsync($"alter database {database} allow_connections true", CancellationToken.None);
            throw;
        }
    }

    /// <summary>Says of both what they are now; what died before is made good by the retry.</summary>
    public static async Task RecordAsync(MaintenanceSession session, LabelledDatabase restored, TenantDescriptor place, CancellationToken cancellationToken)
    {
        await RecordAsync(session, restored.Name, restored.Name, DatabasePurposes.Current, restored, cancellationToken);
        if (await DatabaseCatalogue.LookAsync(session, FormerName(place), cancellationToken) is { } former
            && (await LabelledDatabases.KnownAsync(session, restored.Holder, cancellationToken)).Find(former.Oid) is { } known)
        {
            await session.Register.RecordAsync(known with { Name = former.Name, Purpose = DatabasePurposes.Former }, cancellationToken);
        }
    }

    private static async Task RecordAsync(
        MaintenanceSession session, string now, string name, string purpose, LabelledDatabase restored, CancellationToken cancellationToken)
    {
        var sight = await DatabaseCatalogue.LookAsync(session, now, cancellationToken)
            ?? throw new TransientFailureException($"The database '{now}' is not there any more: another attempt of the step has taken over.");
        await session.Register.RecordAsync(
            new KnownDatabase
            {
                ServerId = session.Server.ServerId,
                Oid = sight.Oid,
                Name = name,
                Holder = restored.Holder,
                Purpose = purpose,
                Restored = restored.Restored,
            },
            cancellationToken);
    }

    // A session that was told to end needs a moment; PostgreSQL itself waits five seconds for it.
    private static async Task RetryWhileInUseAsync(Func<Task> swap)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await swap();
                return;
            }
            catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.ObjectInUse && attempt < MostAttempts)
            {
                // The sessions are ended again.
            }
        }
    }
}
