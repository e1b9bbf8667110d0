using System.Diagnostics;
using Bibind.ControlPlane.Servers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Servers;

/// <summary>
/// Checks every server that is due, all at once: each has its own limit, so that a dead one delays nobody. What one machine claims, no
/// other checks; what it claimed and did not record before it died, another checks later.
/// </summary>
internal sealed class ServerHealthRound(
    ServerHealthStore health, ServerStore servers, ServerHealthCheck check, ServerMetrics metrics, IOptions<ServerHealthOptions> options, TimeProvider time,
    ILogger<ServerHealthRound> logger)
{
    // Beyond the limit of a check: for the control database, and a machine that is busy.
    private static readonly TimeSpan Recording = TimeSpan.FromMinutes(1);

    /// <summary>Checks what is due at the moment; answers how many servers that were.</summary>
    public async Task<int> RunAsync(DateTimeOffset moment, CancellationToken cancellation)
    {
        var claimed = await health.ClaimDueAsync(moment, Lease, options.Value.Concurrency, cancellation);
        var all = 0;
        for (; claimed.Count > 0; claimed = await health.ClaimDueAsync(moment, Lease, options.Value.Concurrency, cancellation))
        {
            Logs.ServersClaimed(logger, claimed.Count);
            var known = (await servers.ListAsync(cancellation)).ToDictionary(s => s.Id);
            await Task.WhenAll(claimed.Where(c => known.ContainsKey(c.ServerId)).Select(c => CheckOneAsync(c, known[c.ServerId], moment, cancellation)));
            all += claimed.Count;
        }

        if (all > 0)
        {
            await health.PurgeAsync(options.Value.History, cancellation);
        }

        return all;
    }

    /// <summary>Checks a server now, due or not.</summary>
    public async Task<(ServerCheckResult Result, RecordedCheck Recorded)> CheckNowAsync(Server server, CancellationToken cancellation)
    {
        var claim = await health.ClaimAsync(server.Id, Lease, cancellation);
        return await CheckAsync(claim, server, time.GetUtcNow(), cancellation);
    }

    private TimeSpan Lease => options.Value.Limit + Recording;

    private async Task CheckOneAsync(ClaimedCheck claim, Server server, DateTimeOffset moment, CancellationToken cancellation)
    {
        try
        {
            await CheckAsync(claim, server, moment, cancellation);
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            // Its claim runs out, and it is checked again; the other servers do not suffer.
            Logs.ServerNotChecked(logger, server.Code, failure);
        }
    }

    private async Task<(ServerCheckResult Result, RecordedCheck Recorded)> CheckAsync(
        ClaimedCheck claim, Server server, DateTimeOffset moment, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var result = await check.RunAsync(server, cancellation);
        Logs.ServerChecked(logger, server.Code, result.Health, clock.ElapsedMilliseconds, result.Reason);
        var isSettled = result.Answered && server.State != ServerStates.Offline;
        var recorded = await health.RecordAsync(
            claim, result, moment + (isSettled ? options.Value.Interval : options.Value.RetryInterval), options.Value.Thresholds, cancellation);
        Logs.ServerRecorded(logger, server.Code, recorded.To);
        metrics.Checked(result.Health, clock.Elapsed, recorded);
        return (result, recorded);
    }
}
