using System.Net;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Sessions;

/// <summary>Counts refused sign-ins by where they come from, on all machines together.</summary>
public sealed class SignInLimits(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Refused sign-ins from one address in a quarter of an hour; after them it is not looked at what it sends.</summary>
    public const int Most = 10;

    private const int Ipv4Network = 32;
    private const int Ipv6Network = 64;
    private static readonly TimeSpan Quarter = TimeSpan.FromMinutes(15);

    /// <summary>How long to wait before the next try; null if it may be tried now.</summary>
    /// <param name="address">Where it comes from; all that come from nowhere share one count.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TimeSpan?> FindWaitAsync(IPAddress? address, CancellationToken cancellationToken)
    {
        var (now, quarter) = Now();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var count = await connection.ExecuteScalarAsync<int>(Sql.Command(
            "select coalesce(max(count), 0) from control.sign_in_failures where address = @address and quarter = @quarter",
            new { address = Group(address), quarter }, cancellationToken));
        return count >= Most ? quarter + Quarter - now : null;
    }

    /// <summary>Counts a refused one.</summary>
    public async Task CountAsync(IPAddress? address, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.sign_in_failures as f (address, quarter, count) values (@address, @quarter, 1)
            on conflict (address, quarter) do update set count = f.count + 1
            """,
            new { address = Group(address), quarter = Now().Quarter }, cancellationToken));
    }

    /// <summary>Forgets quarters that are over.</summary>
    public async Task PurgeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("delete from control.sign_in_failures where quarter < @oldest", new { oldest = Now().Quarter }, cancellationToken));
    }

    private static string Group(IPAddress? address) => address is null ? "unknown" : ClientNetwork.Of(address, Ipv4Network, Ipv6Network);

    private (DateTimeOffset Now, DateTimeOffset Quarter) Now()
    {
        var now = time.GetUtcNow();
        return (now, new DateTimeOffset(now.UtcTicks - (now.UtcTicks % Quarter.Ticks), TimeSpan.Zero));
    }
}
