using System.Diagnostics;
using Bibind.Activities.Usage;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Usage;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Usage;

/// <summary>
/// Measures every tenant that is due: all servers at once, few tenants of each at a time. What one machine claims, no other measures; what it did
/// not record before it died is still due, and another measures it later.
/// </summary>
internal sealed class UsageRound(
    UsageRounds rounds, TenantStore tenants, TenantUsageMeter meter, IOptions<UsageOptions> options, ILogger<UsageRound> logger)
{
    private const int Batch = 20;
    private const string JobId = "usage";

    // Beyond what the tenants of a batch may take: for the control database, and a machine that is busy.
    private static readonly TimeSpan Recording = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    // Each part of a tenant has the limit: the database's two one after the other.
    private const int LimitsOfOne = 3;

    private TimeSpan Lease => (options.Value.Limit * LimitsOfOne * ((Batch + options.Value.PerServer - 1) / options.Value.PerServer)) + Recording;

    /// <summary>Measures what is due at the moment; answers how many tenants that were.</summary>
    public async Task<int> RunAsync(DateTimeOffset moment, CancellationToken cancellation)
    {
        await rounds.SyncAsync(cancellation);
        var claimed = await rounds.ClaimAsync(moment, Lease, cancellation);
        if (claimed.Count == 0)
        {
            return 0;
        }

        var clock = Stopwatch.StartNew();
        var measured = 0;

        // A claim is renewed when its turn comes; one whose time ran out while it waited is another's by then.
        await Parallel.ForEachAsync(
            claimed, new ParallelOptions { MaxDegreeOfParallelism = options.Value.Servers, CancellationToken = cancellation },
            async (server, token) => Interlocked.Add(ref measured, await TryServerAsync(server, moment, token)));
        await rounds.CompactAsync(options.Value.Hours, options.Value.Days, cancellation);
        Logs.UsageMeasured(logger, measured, claimed.Count, clock.ElapsedMilliseconds);
        return measured;
    }

    // One that cannot be worked with is not in the way of the others; its claim runs out.
    private async Task<int> TryServerAsync(ClaimedServer server, DateTimeOffset moment, CancellationToken cancellation)
    {
        try
        {
            var measured = await MeasureServerAsync(server, moment, cancellation);
            await rounds.ReleaseAsync(server, cancellation);
            return measured;
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            Logs.UsageServerFailed(logger, server.ServerId, failure);
            return 0;
        }
        catch (OperationCanceledException)
        {
            // A call whose time is up, or a host that stops: the next one need not wait for the claim to run out.
            using var limit = new CancellationTokenSource(ReleaseLimit);
            await rounds.ReleaseAsync(server, limit.Token);
            throw;
        }
    }

    private async Task<int> MeasureServerAsync(ClaimedServer server, DateTimeOffset moment, CancellationToken cancellation)
    {
        var measured = 0;
        while (await rounds.NextAsync(server, moment, Lease, Batch, cancellation) is { Count: > 0 } due)
        {
            // A server that is gone is asked once in a batch, and not by each of its tenants.
            if (await meter.FindServerProblemAsync(server.ServerId, options.Value.Limit, cancellation) is { } problem)
            {
                var count = await rounds.RecordUnreachableAsync(server, problem, moment, moment + options.Value.RetryInterval, cancellation);
                Logs.UsageServerUnreachable(logger, server.ServerId, count, problem);
                return measured;
            }

            var isLost = false;
            await Parallel.ForEachAsync(
                due, new ParallelOptions { MaxDegreeOfParallelism = options.Value.PerServer, CancellationToken = cancellation },
                async (id, token) =>
                {
                    if (Volatile.Read(ref isLost))
                    {
                        return;
                    }

                    if (await MeasureOneAsync(server, id, moment, token))
                    {
                        Interlocked.Increment(ref measured);
                    }
                    else
                    {
                        Volatile.Write(ref isLost, true);
                    }
                });
            if (isLost)
            {
                return measured;
            }
        }

        return measured;
    }

    // False if another machine has taken over.
    private async Task<bool> MeasureOneAsync(ClaimedServer server, long id, DateTimeOffset moment, CancellationToken cancellation)
    {
        var measures = await tenants.GetAsync(id, cancellation) is { } tenant
            ? await meter.MeasureAsync(tenant.ToPlace(JobId), options.Value.Limit, cancellation)
            : new UsageMeasures { Reason = "The tenant is gone." };
        if (measures.Reason is not null)
        {
            Logs.UsageNotMeasured(logger, id, measures.Reason);
        }

        return await rounds.RecordAsync(
            server, id, measures, moment, moment + (measures.Reason is null ? options.Value.Interval : options.Value.RetryInterval), cancellation);
    }
}
