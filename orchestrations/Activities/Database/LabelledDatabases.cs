using Bibind.ControlPlane.Databases;
using Bibind.Durable;

namespace Bibind.Activities.Database;

/// <summary>
/// Looks for, publishes and drops databases that are ours, and never touches another. Ours is what the control database knows by
/// server and number; and what bears a name that only we use, is our login's own, and is nobody's yet: an attempt that died had made it
/// and not recorded it.
/// </summary>
internal static class LabelledDatabases
{
    private static readonly TimeSpan OrphanLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan OrphanPause = TimeSpan.FromMilliseconds(20);

    private const string EndMakersSql = """
        select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()
        """;

    /// <summary>
    /// Ends sessions that a crashed attempt left making the database: a CREATE DATABASE goes on when its client is
    /// gone, and would make the database after we found that there was none.
    /// </summary>
    public static Task EndMakersAsync(MaintenanceSession session, LabelledDatabase target, TimeProvider time, CancellationToken cancellationToken) =>
        EndMakersAsync(session, target.Maker, target.Name, time, cancellationToken);

    /// <inheritdoc cref="EndMakersAsync(MaintenanceSession, LabelledDatabase, TimeProvider, CancellationToken)"/>
    public static async Task EndMakersAsync(MaintenanceSession session, string maker, string name, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while ((await session.QueryAsync(EndMakersSql, row => row.GetBoolean(0), cancellationToken, maker)).Count > 0)
        {
            if (time.GetElapsedTime(began) > OrphanLimit)
            {
                throw new TransientFailureException($"An earlier attempt is still making the database '{name}' and does not end.");
            }

            await Task.Delay(OrphanPause, time, cancellationToken);
        }
    }

    /// <summary>What is known of a holder; what an older installation left is taken over before.</summary>
    public static async Task<KnownDatabases> KnownAsync(MaintenanceSession session, DatabaseHolder holder, CancellationToken cancellationToken)
    {
        var known = await session.Register.ListAsync(session.Server.ServerId, holder, cancellationToken);
        if (!known.HasUnseen)
        {
            return known;
        }

        await DatabaseAdoption.RunAsync(session, cancellationToken);
        return await session.Register.ListAsync(session.Server.ServerId, holder, cancellationToken);
    }

    /// <summary>The database under its final name, which may be invalid; null if it is not there.</summary>
    /// <exception cref="PermanentFailureException">The name is taken by a database that is not ours, or ours has been given another name.</exception>
    public static async Task<DatabaseInfo?> FindOursAsync(MaintenanceSession session, LabelledDatabase target, CancellationToken cancellationToken)
    {
        var known = await KnownAsync(session, target.Holder, cancellationToken);
        var sight = await DatabaseCatalogue.LookAsync(session, target.Name, cancellationToken);
        if (sight is not null && known.Find(sight.Oid) is { } ours)
        {
            return sight with { Known = ours };
        }

        if (sight is null && await FindRenamedAsync(session, target, known, cancellationToken) is not { })
        {
            return null;
        }

        var words = await ForeignDatabases.DescribeAsync(session, target, known, sight, cancellationToken);
        throw new PermanentFailureException(sight is null
            ? $"The database '{target.Name}' is not there on server '{session.Server.Code}': {words}"
            : $"A database named '{target.Name}' is already there on server '{session.Server.Code}' and is not ours: {words} It was left as it is.");
    }

    /// <summary>As <see cref="FindOursAsync"/>; one that an interrupted DROP left invalid is dropped, and so is not there.</summary>
    /// <inheritdoc cref="FindOursAsync" path="/exception"/>
    public static async Task<DatabaseInfo?> FindUsableAsync(MaintenanceSession session, LabelledDatabase target, CancellationToken cancellationToken)
    {
        var there = await FindOursAsync(session, target, cancellationToken);
        if (there is not { IsInvalid: true })
        {
            return there;
        }

        await DropAsync(session, there, cancellationToken);
        return null;
    }

    /// <summary>The finished database, where only a whole one will do.</summary>
    /// <param name="session">On its server.</param>
    /// <param name="target">The database.</param>
    /// <param name="use">What it is wanted for, in words: <c>handed over</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PermanentFailureException">It is not there, not ours, or invalid.</exception>
    public static async Task<DatabaseInfo> RequireOursAsync(
        MaintenanceSession session, LabelledDatabase target, string use, CancellationToken cancellationToken)
    {
        var there = await FindOursAsync(session, target, cancellationToken);
        return there switch
        {
            null => throw new PermanentFailureException(
                $"The database '{target.Name}' is not there on server '{session.Server.Code}', so it cannot be {use}: somebody removed it, or it was never made."),
            { IsInvalid: true } => throw new PermanentFailureException(
                $"The database '{target.Name}' on server '{session.Server.Code}' is invalid, for a DROP of it was interrupted: it cannot be {use}, only dropped."),
            _ => there,
        };
    }

    /// <summary>True if the database is there under its staging name; complete, since PostgreSQL shows none that is half copied.</summary>
    /// <exception cref="PermanentFailureException">A database of somebody else bears that name.</exception>
    public static async Task<bool> IsStagedAsync(MaintenanceSession session, LabelledDatabase target, CancellationToken cancellationToken)
    {
        if (await DatabaseCatalogue.LookAsync(session, target.StagingName, cancellationToken) is not { } staged)
        {
            return false;
        }

        if (!staged.IsInvalid && await IsOursAsync(session, target.Holder, staged, cancellationToken))
        {
            return true;
        }

        return await DropWorkAsync(session, target.Holder, target.StagingName, cancellationToken)
            ? false
            : throw Foreign(session, target.StagingName);
    }

    /// <summary>
    /// Records the database that was made under the staging name, and then gives it its final name: killed between the two, it is
    /// found by its number.
    /// </summary>
    public static async Task PublishAsync(MaintenanceSession session, LabelledDatabase target, CancellationToken cancellationToken)
    {
        await RecordStagedAsync(session, target, cancellationToken);
        var staging = SqlText.Identifier(target.StagingName);
        await session.ExecuteAsync(
            $"""
            comment on database {staging} is {SqlText.Literal(target.Mark)};
            revoke connect on database {staging} from public;
            alter database {staging} rename to {SqlText.Identifier(target.Name)}
            """,
            cancellationToken);
    }

    /// <summary>Records what bears the staging name as the holder's own.</summary>
    public static async Task RecordStagedAsync(MaintenanceSession session, LabelledDatabase target, CancellationToken cancellationToken)
    {
        var staged = await DatabaseCatalogue.LookAsync(session, target.StagingName, cancellationToken)
            ?? throw new TransientFailureException($"The database '{target.StagingName}' is not there any more: another attempt of the step has taken over.");
        await ForgetGoneAsync(session, target.Holder, cancellationToken);
        await session.Register.RecordAsync(
            new KnownDatabase
            {
                ServerId = session.Server.ServerId,
                Oid = staged.Oid,
                Name = target.Name,
                Holder = target.Holder,
                Purpose = target.Purpose,
            },
            cancellationToken);
    }

    /// <summary>Drops what was made for the target, finished or not; succeeds when there is nothing.</summary>
    /// <returns>What is there under its name and is not ours, in words; null if nothing is.</returns>
    public static async Task<ForeignDatabase?> DropAsync(MaintenanceSession session, LabelledDatabase target, TimeProvider time, CancellationToken cancellationToken)
    {
        await EndMakersAsync(session, target, time, cancellationToken);
        var known = await KnownAsync(session, target.Holder, cancellationToken);
        await DropWorkAsync(session, target.Holder, target.StagingName, cancellationToken);

        // By its number, whatever name somebody gave it meanwhile. Trials of backups end by themselves, and are swept.
        var ours = known.All.Where(d => d.Oid is not null && (d.Purpose != DatabasePurposes.Trial || target.Holder.IsTrial)).Select(d => d.Oid!.Value);
        foreach (var one in await DatabaseCatalogue.ListAsync(session, ours, cancellationToken))
        {
            await DropAsync(session, one, cancellationToken);
        }

        if (await DatabaseCatalogue.LookAsync(session, target.Name, cancellationToken) is { } foreign)
        {
            return new ForeignDatabase(
                await ForeignDatabases.DescribeAsync(session, target, known, foreign, cancellationToken),
                IsInTheWay: await ForeignDatabases.IsInTheWayAsync(session, target, known, foreign, cancellationToken));
        }

        await ForgetGoneAsync(session, target.Holder, cancellationToken);
        await session.Register.ForgetUnrecognisedAsync(session.Server.ServerId, target.Holder, target.Name, cancellationToken);
        return null;
    }

    /// <summary>Drops a database that is made under a name only we use; succeeds when there is none.</summary>
    /// <returns>False if the name is borne by a database that is not ours, which was left alone.</returns>
    public static async Task<bool> DropWorkAsync(MaintenanceSession session, DatabaseHolder holder, string name, CancellationToken cancellationToken)
    {
        if (await DatabaseCatalogue.LookAsync(session, name, cancellationToken) is not { } sight)
        {
            return true;
        }

        if (!await MayDropAsync(session, holder, sight, cancellationToken))
        {
            session.Logger.ForeignDatabaseLeft(name, session.Server.Code);
            return false;
        }

        await DropAsync(session, sight, cancellationToken);
        return true;
    }

    /// <summary>True if what bears a name that only we use is ours.</summary>
    public static async Task<bool> IsOursAsync(MaintenanceSession session, DatabaseHolder holder, DatabaseInfo sight, CancellationToken cancellationToken)
    {
        var known = await KnownAsync(session, holder, cancellationToken);
        return known.Find(sight.Oid) is not null
            || (sight.IsOwnedByUs && await session.Register.FindAsync(session.Server.ServerId, sight.Oid, cancellationToken) is null);
    }

    // What an application's server makes for us is its role's until it is recorded. Whoever plants one under such a name loses it.
    private static async Task<bool> MayDropAsync(MaintenanceSession session, DatabaseHolder holder, DatabaseInfo sight, CancellationToken cancellationToken) =>
        await IsOursAsync(session, holder, sight, cancellationToken)
        || (sight.Owner == session.Server.ApplicationRole
            && await session.Register.FindAsync(session.Server.ServerId, sight.Oid, cancellationToken) is null);

    public static PermanentFailureException Foreign(MaintenanceSession session, string name) =>
        new($"A database named '{name}' on server '{session.Server.Code}' is not ours; it was left as it is. Only we use that name: rename or remove it.");

    /// <summary>Forgets what the holder had and is not there any more: dropped by an attempt that died, or by hand.</summary>
    public static async Task ForgetGoneAsync(MaintenanceSession session, DatabaseHolder holder, CancellationToken cancellationToken)
    {
        var known = await KnownAsync(session, holder, cancellationToken);
        var oids = known.All.Where(d => d.Oid is not null).Select(d => d.Oid!.Value).ToList();
        var there = (await DatabaseCatalogue.ListAsync(session, oids, cancellationToken)).Select(d => d.Oid).ToHashSet();
        foreach (var gone in oids.Where(oid => !there.Contains(oid)))
        {
            await session.Register.ForgetAsync(session.Server.ServerId, gone, cancellationToken);
        }
    }

    /// <summary>The holder's own database where it bears a name that nobody of us gave it; null if none does.</summary>
    public static async Task<DatabaseInfo?> FindRenamedAsync(
        MaintenanceSession session, LabelledDatabase target, KnownDatabases known, CancellationToken cancellationToken)
    {
        var own = known.All.Where(d => d is { Oid: not null, Purpose: DatabasePurposes.Current }).Select(d => d.Oid!.Value).ToList();
        return own.Count == 0
            ? null
            : (await DatabaseCatalogue.ListAsync(session, own, cancellationToken))
                .FirstOrDefault(d => d.Name != target.Name && d.Name != target.StagingName);
    }

    private static async Task DropAsync(MaintenanceSession session, DatabaseInfo sight, CancellationToken cancellationToken)
    {
        await ForcedDrop.RunAsync(session, sight.Name, cancellationToken);
        if ((await DatabaseCatalogue.ListAsync(session, [sight.Oid], cancellationToken)).Count > 0)
        {
            throw new TransientFailureException($"The database '{sight.Name}' is still there after it was dropped.");
        }

        await session.Register.ForgetAsync(session.Server.ServerId, sight.Oid, cancellationToken);
    }
}
