using System.Diagnostics;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Servers;

/// <summary>Checks one server: application, PostgreSQL and disk at once, within one limit.</summary>
internal sealed class ServerHealthCheck(
    ApplicationProbe applications, FileStoreDisk disks, IServerDirectory directory, IOptions<ServerHealthOptions> options,
    IOptions<PlacementOptions> placement)
{
    // One answer that is lost, or late, says little: it is asked for once more while there is time.
    private static readonly TimeSpan SecondTryAfter = TimeSpan.FromSeconds(1);

    // For a client that does not see that it was cancelled.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    /// <summary>Checks; never throws for a server that does not answer as it should.</summary>
    public async Task<ServerCheckResult> RunAsync(Server server, CancellationToken cancellation)
    {
        var limits = options.Value;
        ServerConnection connection;
        try
        {
            connection = await directory.GetConnectionAsync(server.Id, cancellation);
        }
        catch (PermanentFailureException incomplete)
        {
            return HealthVerdict.Unreachable(incomplete.Message);
        }

        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var application = TwiceAsync(
                left => applications.AskAsync(connection.Url, left, limited.Token), a => a.Ok && a.Took <= limits.SlowAnswer, limits.Limit, limited.Token);
            var database = TwiceAsync(
                left => DatabaseVitals.MeasureAsync(connection, left, limited.Token), d => d.Problem is null && d.Took <= limits.SlowAnswer, limits.Limit, limited.Token);
            var disk = disks.FindAsync(server.Code, limits.Limit, limited.Token);
            await Task.WhenAll(application, database, disk).WaitAsync(limits.Limit + Grace, cancellation);
            return HealthVerdict.Of(server, await application, await database, await disk, limits, placement.Value.MinimumFreePercent);
        }
        catch (TimeoutException)
        {
            return HealthVerdict.Unreachable($"It did not answer within {limits.Limit.TotalSeconds:0} seconds, and could not be hung up on.");
        }
        finally
        {
            await limited.CancelAsync();
        }
    }

    private static async Task<T> TwiceAsync<T>(Func<TimeSpan, Task<T>> ask, Func<T, bool> isFine, TimeSpan limit, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var first = await ask(limit);
        if (isFine(first) || clock.Elapsed + SecondTryAfter >= limit)
        {
            return first;
        }

        await Task.Delay(SecondTryAfter, cancellation);
        return await ask(limit - clock.Elapsed);
    }
}
