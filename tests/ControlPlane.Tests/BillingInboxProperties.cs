using System.Globalization;
using Bibind.ControlPlane.Billing;
using CsCheck;
using Microsoft.Extensions.Options;

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
        var inbox = new BillingInbox(TimeProvider.System, Options.Create(new BillingOptions()));
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

                // Where billing began is not known: the first that comes may have any number, and those before it come late.
                var (late, inOrder) = (effects.Where(n => n < deliveries[0]), effects.Where(n => n >= deliveries[0]));
                Assert.Equal(Enumerable.Range((int)deliveries[0], (int)(deliveries.Max() - deliveries[0] + 1)).Select(i => (long)i), inOrder);
                Assert.Equal(Enumerable.Range(1, (int)deliveries[0] - 1).Select(i => (long)i), late.Order());
                Assert.Null(await backlog.FindFirstAsync(tenant, default));
            },
            iter: Histories, threads: 1);
    }

    /// <summary>True if the message waits no longer.</summary>
    private static Task<bool> TakeAsync(TestPlane plane, BillingInbox inbox, BillingMessage message, List<long> effects) =>
        plane.InTransactionAsync(async (connection, transaction) =>
        {
            BillingRecord? record = await inbox.BeginAsync(connection, transaction, message, default) switch
            {
                BillingTurn.Due => new(BillingStates.Done),
                BillingTurn.Waits waits => new(BillingStates.Waiting, waits.Reason, waits.Cause),
                BillingTurn.Never never => new(BillingStates.Refused, never.Reason),
                _ => null,
            };
            if (record?.State == BillingStates.Done)
            {
                effects.Add(message.Sequence);
            }

            if (record is not null)
            {
                await inbox.RecordAsync(connection, transaction, message, record, default);
            }

            return record?.State != BillingStates.Waiting;
        });

    private static BillingMessage Message(string tenant, long number) => new(
        string.Create(CultureInfo.InvariantCulture, $"{tenant}-{number}"), "subscription.created", tenant, number, DateTimeOffset.UnixEpoch, "{}");
}
