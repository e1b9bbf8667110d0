using Bibind.Contracts;
using Bibind.ControlPlane.Domains;

namespace Bibind.ControlPlane.Tests;

/// <summary>Who gets a name that several tenants want.</summary>
public sealed class DomainClaimTests(PostgresCluster cluster)
{
    private const string Name = "shop.customer.example";
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Several_tenants_wait_for_a_name_and_who_proves_first_gets_it()
    {
        await using var plane = await PlaneAsync("first", "second");
        var (first, second) = (await MustRequestAsync(plane, "first"), await MustRequestAsync(plane, "second"));
        Assert.NotEqual(first.Domain.Proof, second.Domain.Proof);

        var begun = await plane.Get<DomainLifecycle>().BeginIssuingAsync(second.Order, None);
        var lost = await Assert.ThrowsAsync<DomainLostException>(() => plane.Get<DomainLifecycle>().BeginIssuingAsync(first.Order, None));

        Assert.NotNull(begun.Place);
        Assert.Contains("Another tenant has proved the domain", lost.Message, StringComparison.Ordinal);
        Assert.True(await plane.Get<DomainStore>().IsLostAsync(first.Order, None));
        Assert.False(await plane.Get<DomainStore>().IsLostAsync(second.Order, None));
    }

    [Fact]
    public async Task Of_two_that_prove_a_name_at_once_one_gets_it()
    {
        await using var plane = await PlaneAsync("first", "second");
        for (var round = 0; round < 10; round++)
        {
            var name = $"round{round}.customer.example";
            var orders = new[] { (await MustRequestAsync(plane, "first", name)).Order, (await MustRequestAsync(plane, "second", name)).Order };

            var outcomes = await Task.WhenAll(orders.Select(async order =>
            {
                try
                {
                    return (await plane.Get<DomainLifecycle>().BeginIssuingAsync(order, None)).Place is not null;
                }
                catch (DomainLostException)
                {
                    return false;
                }
            }));

            Assert.Single(outcomes, won => won);
            Assert.Equal(1, await plane.ScalarAsync<long>($"select count(*) from control.domains where name = '{name}' and state = 'issuing'"));
        }
    }

    [Fact]
    public async Task A_name_that_is_proved_is_refused_to_the_next_who_asks()
    {
        await using var plane = await PlaneAsync("first", "second");
        var first = await MustRequestAsync(plane, "first");
        await plane.Get<DomainLifecycle>().BeginIssuingAsync(first.Order, None);

        var refused = Assert.IsType<DomainRefused>(await RequestAsync(plane, "second", Name));

        Assert.Equal(DomainRefusalKind.Taken, refused.Kind);
        Assert.Contains("belongs to another tenant", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_stays_its_owners_while_it_is_removed_and_is_free_afterwards()
    {
        await using var plane = await PlaneAsync("first", "second");
        var lifecycle = plane.Get<DomainLifecycle>();
        var first = await MustRequestAsync(plane, "first");
        await lifecycle.BeginIssuingAsync(first.Order, None);
        await lifecycle.ActivateAsync(first.Order, None);
        var removal = Assert.IsType<DomainAccepted>(
            await plane.InTransactionAsync((c, t) => lifecycle.BeginRemovingAsync(c, t, "first", Name, "test", None)));
        Assert.IsType<DomainRefused>(await RequestAsync(plane, "second", Name));

        await lifecycle.ForgetAsync(removal.Order, None);

        var second = await MustRequestAsync(plane, "second");
        Assert.NotNull((await lifecycle.BeginIssuingAsync(second.Order, None)).Place);
    }

    [Fact]
    public async Task Who_only_waited_can_withdraw_while_the_name_is_anothers()
    {
        await using var plane = await PlaneAsync("first", "second");
        var lifecycle = plane.Get<DomainLifecycle>();
        var (first, second) = (await MustRequestAsync(plane, "first"), await MustRequestAsync(plane, "second"));
        await lifecycle.BeginIssuingAsync(first.Order, None);

        var removal = Assert.IsType<DomainAccepted>(
            await plane.InTransactionAsync((c, t) => lifecycle.BeginRemovingAsync(c, t, "second", Name, "test", None)));
        await lifecycle.ForgetAsync(removal.Order, None);

        Assert.Equal(second.Order.JobId, removal.WaitingJobId);
        Assert.Equal("issuing", await plane.ScalarAsync<string>($"select state from control.domains where name = '{Name}'"));
    }

    [Fact]
    public async Task A_set_up_that_failed_claims_nothing()
    {
        await using var plane = await PlaneAsync("first", "second");
        var lifecycle = plane.Get<DomainLifecycle>();
        var (first, second) = (await MustRequestAsync(plane, "first"), await MustRequestAsync(plane, "second"));
        await lifecycle.BeginIssuingAsync(first.Order, None);
        await lifecycle.EndAsync(new DomainEnd(first.Order, IsCancelled: false, "the authority refused"), None);

        Assert.NotNull((await lifecycle.BeginIssuingAsync(second.Order, None)).Place);
    }

    [Fact]
    public async Task The_same_tenant_asks_once()
    {
        await using var plane = await PlaneAsync("first");
        await MustRequestAsync(plane, "first");

        Assert.Contains("has the domain", Assert.IsType<DomainRefused>(await RequestAsync(plane, "first", Name)).Message, StringComparison.Ordinal);
    }

    private async Task<TestPlane> PlaneAsync(params string[] codes)
    {
        var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        foreach (var code in codes)
        {
            await plane.MustProvisionAsync(code);
        }

        return plane;
    }

    private static async Task<DomainAccepted> MustRequestAsync(TestPlane plane, string code, string name = Name) =>
        Assert.IsType<DomainAccepted>(await RequestAsync(plane, code, name));

    private static Task<DomainResult> RequestAsync(TestPlane plane, string code, string name) =>
        plane.InTransactionAsync((c, t) => plane.Get<DomainLifecycle>().RequestAsync(c, t, code, name, "test", None));
}
