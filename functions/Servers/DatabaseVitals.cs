using System.Diagnostics;
using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Servers;

/// <summary>What a server's PostgreSQL said of itself.</summary>
/// <param name="Problem">Why it cannot be worked with, in words; null if it can.</param>
/// <param name="Took">How long connecting and the first answer took.</param>
/// <param name="Measures">The measures that are PostgreSQL's.</param>
internal sealed record DatabaseAnswer(string? Problem, TimeSpan Took, ServerMeasures Measures)
{
    /// <summary>What could not be known, with what would help.</summary>
    public IReadOnlyList<string> Unknown { get; init; } = [];
}

/// <summary>Measures a server's PostgreSQL as the maintenance role, from <c>postgres</c>: PostgreSQL's own catalogue and statistics, no tenant's database.</summary>
internal static class DatabaseVitals
{
    // Counting files takes long where there are very many; then the size is not known this time.
    private static readonly TimeSpan SizeLimit = TimeSpan.FromSeconds(3);

    // Of sessions that are not ours the server shows no more than that they are there, so the oldest transaction is that of our roles.
    private const string Vitals =
        """
        select pg_is_in_recovery(),
               (select sum(numbackends)::int from pg_stat_database),
               current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                 - coalesce(current_setting('reserved_connections', true), '0')::int,
               extract(epoch from greatest(
                 (select max(clock_timestamp() - xact_start) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'),
                 (select max(clock_timestamp() - prepared) from pg_prepared_xacts)))::double precision,
               (select count(*)::int from pg_stat_replication),
               (select max(extract(epoch from replay_lag))::double precision from pg_stat_replication),
               (select count(*)::int from pg_stat_replication where state is null)
        """;

    /// <summary>Measures; never throws for a server that does not answer as PostgreSQL does.</summary>
    public static async Task<DatabaseAnswer> MeasureAsync(ServerConnection server, TimeSpan limit, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(limit);
        try
        {
            return await MeasureAsync(server, clock, limit, limited.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException)
        {
            return new DatabaseAnswer(DatabaseErrors.TimedOut(server, limit.TotalSeconds), clock.Elapsed, new ServerMeasures());
        }
        catch (Exception failure) when (failure is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
        {
            return new DatabaseAnswer(DatabaseErrors.Explain(failure, server, server.DatabaseUser, limit.TotalSeconds), clock.Elapsed, new ServerMeasures());
        }
        catch (Exception failure)
        {
            // What is no PostgreSQL, or pretends to be one, can make the client fail in any way.
            return new DatabaseAnswer(
                $"{server.DatabaseHost}:{server.DatabasePort} does not answer as PostgreSQL does ({failure.GetType().Name}).", clock.Elapsed, new ServerMeasures());
        }
    }

    private static async Task<DatabaseAnswer> MeasureAsync(ServerConnection server, Stopwatch clock, TimeSpan limit, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(MaintenanceConnection.ForHealth(server, Math.Max(1, (int)Math.Ceiling(limit.TotalSeconds))));
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(Vitals, connection);
        bool isStandby;
        bool isLagHidden;
        ServerMeasures measures;
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            await row.ReadAsync(cancellation);
            isStandby = row.GetBoolean(0);
            isLagHidden = row.GetInt32(6) > 0;
            measures = new ServerMeasures
            {
                DatabaseVersion = connection.PostgreSqlVersion.ToString(),
                Connections = row.GetInt32(1),
                MaxConnections = row.GetInt32(2),
                OldestTransactionSeconds = row.IsDBNull(3) ? null : Math.Round(row.GetDouble(3), 1),
                Standbys = row.GetInt32(4),
                ReplicationLagSeconds = row.IsDBNull(5) ? null : Math.Round(row.GetDouble(5), 3),
            };
        }

        var took = clock.Elapsed;
        measures = measures with { DatabaseMilliseconds = (int)took.TotalMilliseconds, DatabaseBytes = await FindSizeAsync(connection, cancellation) };
        return new DatabaseAnswer(
            isStandby ? $"{server.DatabaseHost}:{server.DatabasePort} is a standby: nothing can be changed there. Name the primary as databaseHost." : null, took, measures)
        {
            Unknown = isLagHidden
                ? [$"How far its standbys are behind is hidden from '{server.DatabaseUser}': GRANT pg_read_all_stats TO {Roles.SqlNames.Quote(server.DatabaseUser)}."]
                : [],
        };
    }

    // The default tablespace of the database that we are in may be measured by everybody; it holds all of them unless somebody made others.
    private static async Task<long?> FindSizeAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            await using var command = new NpgsqlCommand($"set statement_timeout = {(int)SizeLimit.TotalMilliseconds}; select pg_tablespace_size('pg_default')", connection);
            return (long?)await command.ExecuteScalarAsync(cancellation);
        }
        catch (PostgresException unknown) when (unknown.SqlState is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.InsufficientPrivilege)
        {
            return null;
        }
    }
}
