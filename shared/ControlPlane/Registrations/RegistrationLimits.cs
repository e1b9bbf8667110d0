using System.Net;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Registrations;

/// <summary>Counts registrations by where they come from, on all machines together.</summary>
public sealed class RegistrationLimits(NpgsqlDataSource database, IOptions<RegistrationOptions> options, TimeProvider time)
{
    private const int Ipv4Network = 24;
    private const int Ipv6Network = 48;

    /// <summary>Counts one; answers how long to wait where there were enough, else null.</summary>
    /// <param name="address">Where it comes from; all that come from nowhere share one count.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TimeSpan?> TakeAsync(IPAddress? address, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var hour = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero);
        var limits = Buckets(address);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // A flood is answered without writing anything.
        var isFull = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            """
            select exists (
              select from unnest(@buckets, @most) as l(bucket, most) join control.registration_counts c on c.bucket = l.bucket and c.hour = @hour where c.count >= l.most)
            """,
            new { buckets = limits.Select(l => l.Bucket).ToArray(), most = limits.Select(l => l.Most).ToArray(), hour }, cancellationToken));
        return isFull || !await CountAsync(connection, limits, hour, cancellationToken) ? hour.AddHours(1) - now : null;
    }

    /// <summary>Forgets hours that are over.</summary>
    public async Task<int> PurgeAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            "delete from control.registration_counts where hour < @oldest", new { oldest = time.GetUtcNow() - TimeSpan.FromHours(1) }, cancellationToken));
    }

    // The smallest circle first; all of them, or none.
    private static async Task<bool> CountAsync(
        NpgsqlConnection connection, IEnumerable<(string Bucket, int Most)> limits, DateTimeOffset hour, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        foreach (var (bucket, most) in limits)
        {
            var counted = await connection.ExecuteAsync(Sql.Command(
                """
                insert into control.registration_counts as c (bucket, hour, count) values (@bucket, @hour, 1)
                on conflict (bucket, hour) do update set count = c.count + 1 where c.count < @most
                """,
                new { bucket, hour, most }, transaction, cancellationToken));
            if (counted == 0)
            {
                return false;
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private List<(string Bucket, int Most)> Buckets(IPAddress? address) =>
    [
        ($"address {address?.ToString() ?? "unknown"}", options.Value.PerAddress),
        ($"network {(address is null ? "unknown" : ClientNetwork.Of(address, Ipv4Network, Ipv6Network))}", options.Value.PerNetwork),
        ("all", options.Value.PerHour),
    ];
}
