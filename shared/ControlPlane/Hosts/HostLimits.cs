using System.Text.Json;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Hosts;

/// <summary>The limits over all machines that each live host works with: they hold only while all hosts have the same.</summary>
public sealed class HostLimits(NpgsqlDataSource database)
{
    /// <summary>A host that was not seen for so long is not alive: three times what is between two of its announcements.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <summary>Says that a host is alive, and what it works with.</summary>
    /// <param name="host">Its name, of one start.</param>
    /// <param name="limits">Activities of a name at once.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    /// <returns>The other hosts that are alive.</returns>
    public async Task<IReadOnlyList<LiveHost>> AnnounceAsync(string host, IReadOnlyDictionary<string, int> limits, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        // Times are the database's: machines' clocks may be apart.
        var others = await connection.QueryAsync<(string Host, string Limits)>(Sql.Command(
            """
            insert into control.host_limits (host, limits, seen_at) values (@host, @Limits::jsonb, now())
            on conflict (host) do update set limits = excluded.limits, seen_at = excluded.seen_at;
            delete from control.host_limits where seen_at < now() - interval '1 day';
            select host, limits::text from control.host_limits where host <> @host and seen_at > now() - @Lifetime order by host
            """,
            new { host, Limits = JsonSerializer.Serialize(limits), Lifetime }, cancellationToken));
        return [.. others.Select(o => new LiveHost(o.Host, JsonSerializer.Deserialize<Dictionary<string, int>>(o.Limits)!))];
    }

    /// <summary>Says that a host ends.</summary>
    public async Task WithdrawAsync(string host, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("delete from control.host_limits where host = @host", new { host }, cancellationToken));
    }
}

/// <summary>A host that is alive.</summary>
/// <param name="Host">Its name: machine, process and a random part.</param>
/// <param name="Limits">Activities of a name at once.</param>
public sealed record LiveHost(string Host, IReadOnlyDictionary<string, int> Limits);
