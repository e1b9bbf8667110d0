using System.Net;
using Bibind.Testing;
using static Bibind.EndToEnd.Tests.Purchases.Shop;

namespace Bibind.EndToEnd.Tests.Purchases;

/// <summary>Domains bought at registrars, which are stubs that check signatures: the real ones take money.</summary>
public sealed class PurchaseTests
{
    public static TheoryData<string> Registrars() => ["ovh", "route53"];

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_domain_is_offered_bought_once_and_registered(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);

        var offer = await host.Api.GetAsync($"/api/domains/availability?name={shop.Name}");
        Assert.True(offer["available"]!.GetValue<bool>());
        Assert.Equal((registrar, 9.99m, "EUR", "P1Y"), (Text(offer, "provider"), offer["price"]!["amount"]!.GetValue<decimal>(), Text(offer["price"]!, "currency"), Text(offer, "period")));

        var (status, job, _) = await host.Api.TryPostAsync(Door, Command(shop.Name), key: "buy-1");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var end = await host.Api.EndOfAsync(job!);

        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Equal(9.99m, end["result"]!["price"]!["amount"]!.GetValue<decimal>());
        Assert.NotNull((string?)end["result"]!["reference"]);
        Assert.Equal(1, shop.Orders);

        // The name is taken by now, and the same request gets its first answer all the same.
        var again = await host.Api.TryPostAsync(Door, Command(shop.Name), key: "buy-1");
        Assert.Equal((HttpStatusCode.Accepted, job), (again.Status, again.Job));
        Assert.Equal(HttpStatusCode.Conflict, (await host.Api.TryPostAsync(Door, Command(shop.Name))).Status);
        Assert.False((await host.Api.GetAsync($"/api/domains/availability?name={shop.Name}"))["available"]!.GetValue<bool>());
        Assert.Equal(1, shop.Orders);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_registrar_that_takes_its_time_keeps_no_transaction_open_and_equal_requests_get_one_answer(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);
        var (asked, answers) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        shop.Fault = async _ =>
        {
            Interlocked.Increment(ref asked);
            await answers.Task;
            return false;
        };

        var requests = Enumerable.Range(0, 3).Select(_ => host.Api.TryPostAsync(Door, Command(shop.Name), key: "slow-1")).ToArray();
        await Eventually.UntilAsync(() => Volatile.Read(ref asked) >= 1, TimeSpan.FromSeconds(30), "the registrar is asked");
        var open = await installation.CountAsync(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state like 'idle in transaction%'");
        answers.SetResult();

        Assert.Equal(0, open);
        var accepted = await Task.WhenAll(requests);
        Assert.All(accepted, a => Assert.Equal(HttpStatusCode.Accepted, a.Status));
        var job = Assert.Single(accepted.Select(a => a.Job).Distinct());
        Assert.Equal("succeeded", Text(await host.Api.EndOfAsync(job!), "state"));
        Assert.Equal(1, shop.Orders);
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.domain_purchases"));
    }

    [Theory]
    [InlineData("ovh", Hold.BeforeTheOrder)]
    [InlineData("ovh", Hold.AfterTheOrder)]
    [InlineData("route53", Hold.BeforeTheOrder)]
    [InlineData("route53", Hold.AfterTheOrder)]
    public async Task A_host_that_dies_around_the_order_leaves_exactly_one(string registrar, Hold hold)
    {
        await using var shop = await StartAsync(registrar);
        shop.HoldAt = hold;
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, "nowhere"))
        {
            job = (await doomed.Api.TryPostAsync(Door, Command(shop.Name))).Job!;
            await shop.Held.WaitAsync(TimeSpan.FromSeconds(30));
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Equal(1, shop.Orders);
    }

    [Theory]
    [InlineData("ovh", "domain_purchases.order")]
    [InlineData("ovh", "domain_purchases.look")]
    [InlineData("ovh", "domain_purchases.end")]
    [InlineData("route53", "domain_purchases.order")]
    public async Task A_step_whose_answer_is_lost_is_not_paid_twice(string registrar, string step)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, $"after:{step}"))
        {
            job = (await doomed.Api.TryPostAsync(Door, Command(shop.Name))).Job!;
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Equal(1, shop.Orders);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_price_that_rises_after_the_order_was_taken_is_not_paid(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, "before:domain_purchases.order"))
        {
            job = (await doomed.Api.TryPostAsync(Door, Command(shop.Name))).Job!;
            await doomed.DiesAsync();
        }

        shop.Price = 10.01m;
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.Equal("failed", Text(end, "state"));
        Assert.Contains("the price is 10.01 EUR, which is above the limit of 10.00 EUR", Text(end, "reason"), StringComparison.Ordinal);
        Assert.Equal(0, shop.Orders);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task An_order_that_the_registrar_gives_up_fails_in_words(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        shop.Delivers = false;
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);
        var job = (await host.Api.TryPostAsync(Door, Command(shop.Name))).Job!;
        await Eventually.UntilAsync(() => Task.FromResult(shop.Orders == 1), TimeSpan.FromSeconds(30), "the order is placed");

        // While it is under way nobody can order it once more.
        var (status, _, body) = await host.Api.TryPostAsync(Door, Command(shop.Name));
        Assert.Equal((HttpStatusCode.Conflict, true), (status, Text(body, "type").EndsWith("purchase-under-way", StringComparison.Ordinal)));
        shop.GivesUp = true;

        var end = await host.Api.EndOfAsync(job);
        Assert.Equal("failed", Text(end, "state"));
        Assert.Contains("gave the order", Text(end, "reason"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_that_is_not_finished_in_time_fails_and_says_that_it_stands()
    {
        await using var shop = await StartAsync("ovh");
        shop.Delivers = false;
        await using var installation = await InstallAsync(shop);
        installation.Settings["Domains:Registrar:WaitLimit"] = "00:00:01";
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync((await host.Api.TryPostAsync(Door, Command(shop.Name))).Job!);

        Assert.Equal("failed", Text(end, "state"));
        Assert.Contains("is not paid", Text(end, "reason"), StringComparison.Ordinal);
        Assert.Contains("The order stands at the registrar", Text(end, "reason"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_domain_that_is_in_the_account_by_then_is_not_bought(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, "before:domain_purchases.order"))
        {
            job = (await doomed.Api.TryPostAsync(Door, Command(shop.Name))).Job!;
            await doomed.DiesAsync();
        }

        shop.Own();
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Null(end["result"]!["price"]);
        Assert.Equal(0, shop.Orders);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_domain_bought_for_a_tenant_answers_over_TLS_without_anybody_setting_a_record(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var world = await DomainWorld.StartAsync(configure: settings =>
        {
            foreach (var (key, value) in shop.Settings)
            {
                settings[key] = value;
            }
        });

        var (status, job, body) = await world.Api.TryPostAsync(Door, Command(shop.Name, tenant: world.Code));
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        var bought = await world.Api.EndOfAsync(job!);
        Assert.True(Text(bought, "state") == "succeeded", bought.ToString());
        Assert.Empty(bought["result"]!["notes"]!.AsArray());
        var added = await world.Api.EndOfAsync($"/api/jobs/{Text(bought["result"]!, "addDomainJob")}", seconds: 120);

        Assert.True(Text(added, "state") == "succeeded", added.ToString());
        Assert.Equal(HttpStatusCode.OK, (await world.Servers.GetAtAsync(shop.Name)).Status);
        Assert.Equal($"https://{shop.Name}", await world.AddressInApplicationAsync());
    }
}
