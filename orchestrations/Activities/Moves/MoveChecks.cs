using System.Globalization;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Needs;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.FileStores;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Moves;

/// <summary>Looks for everything that would make a move fail, and changes nothing.</summary>
public sealed class MoveChecks(
    PostgresConnector postgres,
    SuspendedDatabases suspended,
    IFileStore files,
    ServerStore registered,
    ServerHealthStore health,
    IOptions<TenantIsolationOptions> isolation,
    IOptions<BackupOptions> backups)
{
    // What a copy needs besides its size: indexes are built, and a dump is sorted.
    private const double Reserve = 1.5;
    private const long BytesOfGigabyte = 1_000_000_000;

    /// <summary>Every check with what it found.</summary>
    public async Task<IReadOnlyList<MoveCheck>> RunAsync(TenantDescriptor source, TenantDescriptor target, bool sharesFiles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        var checks = new List<MoveCheck>
        {
            backups.Value.Enabled
                ? new("backups", MoveCheck.Ok, "Backups are on: a tenant is copied by one.")
                : new("backups", MoveCheck.Failed, "Backups are switched off here (Backups__Enabled), and a tenant is copied by one."),
            source.DatabaseRole is null || isolation.Value.PoolerOf(target.ServerCode) is not null
                ? new("database-role", MoveCheck.Ok, "The tenant's role can be made there.")
                : new("database-role", MoveCheck.Failed, $"The tenant has a role of its own, and no PgBouncer is configured for server '{target.ServerCode}' (Database__PgBouncer)."),
        };
        Needs? needs = null;
        checks.Add(await TryAsync("source-postgresql", async () =>
        {
            needs = await ReadAsync(source, cancellationToken);
            return needs.Holds.Count == 0
                ? new MoveCheck("source-postgresql", MoveCheck.Ok, $"PostgreSQL {needs.Major} on '{source.ServerCode}', {Size(needs.Bytes)}.")
                : new MoveCheck("source-postgresql", MoveCheck.Failed, $"The database is held by {string.Join(" and ", needs.Holds)}.");
        }));
        checks.Add(await TryAsync("target-postgresql", async () => await LookAtTargetAsync(target, needs, cancellationToken)));
        checks.Add(needs is null ? Unknown("target-disk", "the source does not answer") : await TryAsync("target-disk", () => LookAtDiskAsync(target, needs.Bytes, sharesFiles, cancellationToken)));
        return checks;
    }

    private async Task<Needs> ReadAsync(TenantDescriptor source, CancellationToken cancellationToken)
    {
        await using var maintenance = await postgres.OpenMaintenanceAsync(source.ServerId, $"bibind check {source.Code}", cancellationToken);
        var (bytes, holds) = await maintenance.TranslateErrorsAsync(source.Database, async () =>
        {
            await LabelledDatabases.RequireOursAsync(maintenance, LabelledDatabase.Of(source), "moved", cancellationToken);
            return (
                await DatabaseCatalogue.MeasureAsync(maintenance, source.Database, cancellationToken),
                (IReadOnlyList<string>)[
                    .. await DatabaseHolds.ListAsync(maintenance, source.Database, cancellationToken),
                    .. await DatabaseSessions.FindBeyondUsAsync(maintenance, source.Database, cancellationToken) is { Length: > 0 } others ? [$"sessions that we may not end: {others}"] : Array.Empty<string>(),
                ]);
        });
        await using var entry = await suspended.EnterAsync(source, cancellationToken);
        await using var session = await postgres.OpenAsync(source, cancellationToken);
        var found = await session.TranslateErrorsAsync(() => NeedsInspection.InspectAsync(session, source.Database, cancellationToken));
        return new Needs(maintenance.MajorVersion, bytes, holds, [.. found.Extensions.Select(e => e.Name)]);
    }

    private async Task<MoveCheck> LookAtTargetAsync(TenantDescriptor target, Needs? needs, CancellationToken cancellationToken)
    {
        const string Name = "target-postgresql";
        await using var session = await postgres.OpenMaintenanceAsync(target.ServerId, $"bibind check {target.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Database, async () =>
        {
            if (needs is not null && session.MajorVersion < needs.Major)
            {
                return new MoveCheck(Name, MoveCheck.Failed, $"Server '{target.ServerCode}' has PostgreSQL {session.MajorVersion}, older than {needs.Major}: a database is never moved to an older one.");
            }

            // Ours, where an attempt of this move has made it.
            var sight = await DatabaseCatalogue.LookAsync(session, target.Database, cancellationToken);
            var known = sight is null ? null : (await LabelledDatabases.KnownAsync(session, LabelledDatabase.Of(target).Holder, cancellationToken)).Find(sight.Oid);
            if (sight is not null && known is null)
            {
                return new MoveCheck(Name, MoveCheck.Failed, $"Server '{target.ServerCode}' has a database '{target.Database}' already: rename or remove it. If it is the tenant's own, both servers are one PostgreSQL.");
            }

            var there = (await session.QueryAsync(NeedsSql.RestorableExtensions, row => row.GetString(0), cancellationToken)).ToHashSet(StringComparer.Ordinal);
            var missing = needs?.Extensions.Where(e => !there.Contains(e)).ToList() ?? [];
            return missing.Count == 0
                ? new MoveCheck(Name, MoveCheck.Ok, $"PostgreSQL {session.MajorVersion} on '{target.ServerCode}', with every extension that the tenant uses.")
                : new MoveCheck(Name, MoveCheck.Failed, $"PostgreSQL on '{target.ServerCode}' lacks the extensions {string.Join(", ", missing)}: install them there.");
        });
    }

    // PostgreSQL does not say how full its disk is; what its databases take of what the server is registered with does.
    private async Task<MoveCheck> LookAtDiskAsync(TenantDescriptor target, long bytes, bool sharesFiles, CancellationToken cancellationToken)
    {
        const string Name = "target-disk";
        if (!sharesFiles && files.IsOn && FreeOf(files.FolderOf(target.ServerCode)) is { } free && free < bytes * Reserve)
        {
            return new MoveCheck(Name, MoveCheck.Failed, $"The disk of the file stores of '{target.ServerCode}' has {Size(free)} free.");
        }

        var disk = (await registered.FindAsync(target.ServerCode, cancellationToken))?.DiskGb * BytesOfGigabyte;
        var checks = (await health.ListAsync(target.ServerId, new PageRequest(1, 1), cancellationToken)).Items;
        var used = checks is [var last, ..] ? last.Measures.DatabaseBytes : null;
        return (disk, used) switch
        {
            ({ } all, { } taken) when all - taken < bytes * Reserve => new MoveCheck(
                Name, MoveCheck.Failed, $"Server '{target.ServerCode}' has {Size(all)} of disk, its databases take {Size(taken)}, and {Size((long)(bytes * Reserve))} are needed."),
            ({ } all, { } taken) => new MoveCheck(Name, MoveCheck.Ok, $"{Size(all - taken)} of {Size(all)} are free for databases of {Size(bytes)}."),
            _ => Unknown(Name, $"the size of its disk (diskGb) or of its databases is not known (server '{target.ServerCode}')"),
        };
    }

    private static long? FreeOf(string folder)
    {
        try
        {
            return new DriveInfo(folder).AvailableFreeSpace;
        }
        catch (Exception unseen) when (unseen is IOException or ArgumentException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static async Task<MoveCheck> TryAsync(string name, Func<Task<MoveCheck>> look)
    {
        try
        {
            return await look();
        }
        catch (Exception failed) when (failed is PermanentFailureException or TransientFailureException)
        {
            return new MoveCheck(name, MoveCheck.Failed, failed.Message);
        }
    }

    private static MoveCheck Unknown(string name, string why) => new(name, MoveCheck.Unknown, $"Not known: {why}.");

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:0.#} MB");

    private sealed record Needs(int Major, long Bytes, IReadOnlyList<string> Holds, IReadOnlyList<string> Extensions);
}
