using System.Globalization;
using Bibind.ControlPlane.Billing;
using CsCheck;

namespace Bibind.ControlPlane.Tests;

/// <summary>What holds of billing's messages in any order, delivered any number of times.</summary>
public sealed class BillingInboxProperties(PostgresCluster postgres)
{
    private const int Histories = 60;
    private static int _tenants;

    // Numbers 1 to n, each at least once, and some of them again.
    private static readonly Gen<long[]> Deliveries =
        from n in Gen.Int[1, 6]
        from again in Gen.Long[1, n].Array[0, 6]
        from shuffled in Gen.Shuffle(Enumerable.Range(1, n).Select(i => (long)i).Concat(again).ToArray())
        select shuffled;

    [Fact]
    public async Task Each_takes_effect_once_in_order_and_none_waits_for_ever()
    {
        await using var plane = await postgres.NewPlaneAsync();
        var inbox = new BillingInbox(TimeProvider.System);
        var backlog = new BillingBacklog(plane.Database);
        await Deliveries.SampleAsync(
            async deliveries =>
            {
                var tenant = $"t{Interlocked.Increment(ref _tenants)}";
                var effects = new List<long>();
                foreach (var number in deliveries)
                {
                    await TakeAsync(plane, inbox, Message(tenant, number), effects);
                    while (await backlog.FindFirstAsync(tenant, default) is { } waiting && await TakeAsync(plane, inbox, waiting, effects))
                    {
                    }
                }

                // Where billing began is not known: the first that comes may have any number, and those before it are too late.
                Assert.Equal(Enumerable.Range((int)deliveries[0], (int)(deliveries.Max() - deliveries[0] + 1)).Select(i => (long)i), effects);
                Assert.Null(await backlog.FindFirstAsync(tenant, default));
            },
            iter: Histories, threads: 1);
    }

    /// <summary>True if the message waits no longer.</summary>
    private static Task<bool> TakeAsync(TestPlane plane, BillingInbox inbox, BillingMessage message, List<long> effects) =>
        plane.InTransactionAsync(async (connection, transaction) =>
        {
            var (state, reason) = await inbox.BeginAsync(connection, transaction, message, default) switch
            {
                BillingTurn.Due => (BillingStates.Done, null),
                BillingTurn.Waits waits => (BillingStates.Waiting, waits.Reason),
                BillingTurn.Never never => (BillingStates.Refused, never.Reason),
                _ => (null, (string?)null),
            };
            if (state == BillingStates.Done)
            {
                effects.Add(message.Sequence);
            }

            if (state is not null)
            {
                await inbox.RecordAsync(connection, transaction, message, state, reason, null, default);
            }

            return state != BillingStates.Waiting;
        });

    private static BillingMessage Message(string tenant, long number) => new(
        string.Create(CultureInfo.InvariantCulture, $"{tenant}-{number}"), "subscription.created", tenant, number, DateTimeOffset.UnixEpoch, "{}");
}
