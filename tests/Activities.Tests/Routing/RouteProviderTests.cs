using Bibind.Activities.Routing;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Routing;

/// <summary>What every route provider does, whatever the proxy.</summary>
public abstract class RouteProviderTests : ForwardedRequestsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_tenant_is_reached_over_TLS_and_plain_requests_are_sent_there()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();

        await world.Routes.PublishAsync(tenant, None);

        Assert.Equal((200, $"{tenant.Host} {tenant.Host} https /web/login"), await world.GetSecureAsync(tenant.Host, "/web/login"));
        Assert.Equal((308, $"https://{tenant.Host}/web/login?db=1"), await world.GetPlainAsync(tenant.Host, "/web/login?db=1"));
        Assert.True(await world.Routes.ExistsAsync(tenant, None));
    }

    [Fact]
    public async Task A_certification_authority_can_ask_over_plain_HTTP()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();

        await world.Routes.PublishAsync(tenant, None);

        var (status, body) = await world.GetPlainAsync(tenant.Host, "/.well-known/acme-challenge/token");
        Assert.Equal((200, $"{tenant.Host} {tenant.Host} http /.well-known/acme-challenge/token"), (status, body));
    }

    [Fact]
    public async Task Without_a_certificate_the_route_is_plain_and_one_that_comes_later_is_taken()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant(plain: true);

        await world.Routes.PublishAsync(tenant, None);
        var plain = await world.GetPlainAsync(tenant.Host);
        await Assert.ThrowsAsync<HttpRequestException>(() => world.GetSecureAsync(tenant.Host));
        world.Certificates[tenant.Host] = world.Authority.Issue(tenant.Host);
        await world.Routes.PublishAsync(tenant, None);

        Assert.Equal((200, $"{tenant.Host} {tenant.Host} http /"), plain);
        Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
    }

    [Fact]
    public async Task A_host_that_nobody_knows_gets_404_and_no_certificate()
    {
        await using var world = await StartAsync();
        await world.Routes.PublishAsync(world.NewTenant(), None);

        Assert.Equal(404, (await world.GetPlainAsync("nobody.example.com")).Status);
        await Assert.ThrowsAsync<HttpRequestException>(() => world.GetSecureAsync("nobody.example.com"));
    }

    [Fact]
    public async Task Publishing_again_changes_nothing()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await world.Routes.PublishAsync(tenant, None);
        var before = await ReadConfigurationAsync();

        await world.Routes.PublishAsync(tenant, None);

        Assert.Equal(before, await ReadConfigurationAsync());
        Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
    }

    [Fact]
    public async Task Twenty_tenants_of_two_processes_come_and_go_at_once_without_disturbing_each_other()
    {
        await using var world = await StartAsync();
        var others = world.NewHost();
        var resident = world.NewTenant();
        await world.Routes.PublishAsync(resident, None);
        var tenants = Enumerable.Range(0, 20).Select(i => (Place: world.NewTenant(), Routes: i % 2 == 0 ? world.Routes : others)).ToList();

        await Task.WhenAll(tenants.Select(t => t.Routes.PublishAsync(t.Place, None)));
        foreach (var (place, _) in tenants)
        {
            Assert.Equal((200, $"{place.Host} {place.Host} https /"), await world.GetSecureAsync(place.Host));
        }

        await Task.WhenAll(tenants.Take(10).Select(t => t.Routes.WithdrawAsync(t.Place, None)));

        Assert.All(await Task.WhenAll(tenants.Take(10).Select(t => world.GetPlainAsync(t.Place.Host))), answer => Assert.Equal(404, answer.Status));
        Assert.All(await Task.WhenAll(tenants.Skip(10).Select(t => world.GetSecureAsync(t.Place.Host))), answer => Assert.Equal(200, answer.Status));
        Assert.Equal(200, (await world.GetSecureAsync(resident.Host)).Status);
    }

    [Fact]
    public async Task A_withdrawn_route_is_gone_with_its_certificate_and_withdrawing_again_succeeds()
    {
        await using var world = await StartAsync();
        var (tenant, neighbour) = (world.NewTenant(), world.NewTenant());
        await world.Routes.PublishAsync(neighbour, None);
        var before = await ReadConfigurationAsync();
        await world.Routes.PublishAsync(tenant, None);

        await world.Routes.WithdrawAsync(tenant, None);
        await world.Routes.WithdrawAsync(tenant, None);

        Assert.False(await world.Routes.ExistsAsync(tenant, None));
        Assert.Equal(404, (await world.GetPlainAsync(tenant.Host)).Status);
        await Assert.ThrowsAsync<HttpRequestException>(() => world.GetSecureAsync(tenant.Host));
        Assert.Equal(before, await ReadConfigurationAsync());
    }

    [Fact]
    public async Task Withdrawing_what_never_was_succeeds()
    {
        await using var world = await StartAsync();

        await world.Routes.WithdrawAsync(world.NewTenant(), None);

        Assert.False(await world.Routes.ExistsAsync(world.NewTenant(), None));
    }

    [Theory]
    [InlineData(RoutePage.Suspended, 503, "suspended by its provider", "suspendu par son fournisseur")]
    [InlineData(RoutePage.PaymentRequired, 402, "a bill has not been paid", "une facture n&rsquo;a pas")]
    [InlineData(RoutePage.Unavailable, 503, "Back in a moment", "De retour dans un instant")]
    public async Task A_closed_tenant_shows_its_page_everywhere_until_it_is_published_again(RoutePage shown, int status, string english, string french)
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await world.Routes.PublishAsync(tenant, None);

        await world.Routes.SuspendAsync(tenant, shown, None);

        using (var client = new HttpClient(world.NewVisitor()))
        {
            foreach (var path in new[] { "/", "/web/login", "/websocket", "/web/database/manager", "/a/b.js?x=1", "/xmlrpc/2/db" })
            {
                foreach (var (language, words) in new[] { ("", english), ("en-GB,en;q=0.9,fr;q=0.1", english), ("fr-CH, fr;q=0.9", french) })
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://{tenant.Host}{path}"));
                    request.Headers.TryAddWithoutValidation("Accept-Language", language);
                    using var answer = await client.SendAsync(request);
                    var page = await answer.Content.ReadAsStringAsync();
                    Assert.Equal((path, status), (path, (int)answer.StatusCode));
                    Assert.Contains(words, page, StringComparison.Ordinal);
                    Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
                    Assert.Equal(status == 503, answer.Headers.RetryAfter is not null);
                    Assert.True(answer.Headers.CacheControl?.NoStore);
                }
            }

            using var socket = new HttpRequestMessage(HttpMethod.Get, new Uri($"https://{tenant.Host}/websocket"));
            socket.Headers.Add("Connection", "Upgrade");
            socket.Headers.Add("Upgrade", "websocket");
            socket.Headers.Add("Sec-WebSocket-Version", "13");
            socket.Headers.Add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
            using var refused = await client.SendAsync(socket);
            Assert.Equal(status, (int)refused.StatusCode);
            using var posted = await client.PostAsync(new Uri($"https://{tenant.Host}/jsonrpc"), new StringContent("{}"));
            Assert.Equal(status, (int)posted.StatusCode);
        }

        await world.Routes.PublishAsync(tenant, None);
        Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_the_proxy_does_with_a_name_is_told_apart(bool plain)
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant(plain);
        var other = World.NewPlace() with { Host = tenant.Host };
        Assert.Equal(RouteInfo.Absent, await world.Routes.LookAsync(tenant, None));

        await world.Routes.PublishAsync(tenant, None);
        Assert.Equal((RouteInfo.Open, RouteInfo.Foreign), (await world.Routes.LookAsync(tenant, None), await world.Routes.LookAsync(other, None)));
        foreach (var page in Enum.GetValues<RoutePage>())
        {
            await world.Routes.SuspendAsync(tenant, page, None);
            Assert.Equal((RouteInfo.Page, RouteInfo.Foreign), (await world.Routes.LookAsync(tenant, None), await world.Routes.LookAsync(other, None)));
        }

        await world.Routes.PublishAsync(tenant, None);
        Assert.Equal(RouteInfo.Open, await world.Routes.LookAsync(tenant, None));
        await world.Routes.WithdrawAsync(tenant, None);
        Assert.Equal(RouteInfo.Absent, await world.Routes.LookAsync(tenant, None));
    }

    [Fact]
    public async Task A_certificate_that_two_tenants_share_stays_until_the_last_is_gone()
    {
        await using var world = await StartAsync();
        var (first, second) = (world.NewTenant(), world.NewTenant());
        world.Certificates[first.Host] = world.Certificates[second.Host] = world.Authority.Issue("*.example.com");
        await world.Routes.PublishAsync(first, None);
        await world.Routes.PublishAsync(second, None);

        await world.Routes.WithdrawAsync(first, None);

        Assert.Equal(200, (await world.GetSecureAsync(second.Host)).Status);
        Assert.Equal(404, (await world.GetPlainAsync(first.Host)).Status);
    }

    [Fact]
    public async Task A_host_of_another_tenant_is_refused_and_left()
    {
        await using var world = await StartAsync();
        var owner = world.NewTenant();
        await world.Routes.PublishAsync(owner, None);
        var thief = World.NewPlace() with { Host = owner.Host };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Routes.PublishAsync(thief, None));
        await world.Routes.WithdrawAsync(thief, None);

        Assert.Contains("is not this tenant's", refused.Message, StringComparison.Ordinal);
        Assert.False(await world.Routes.ExistsAsync(thief, None));
        Assert.True(await world.Routes.ExistsAsync(owner, None));
        Assert.Equal(200, (await world.GetSecureAsync(owner.Host)).Status);
    }

    [Fact]
    public async Task A_certificate_that_does_not_fit_is_refused_and_nothing_is_lost()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await world.Routes.PublishAsync(tenant, None);
        var (good, other) = (world.Certificates[tenant.Host], world.Authority.Issue(tenant.Host));
        foreach (var bad in new[] { good with { PrivateKeyPem = other.PrivateKeyPem }, good with { ChainPem = "no certificate" }, world.Authority.Issue("other.example.com") })
        {
            world.Certificates[tenant.Host] = bad;

            var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.Routes.PublishAsync(tenant, None));

            Assert.DoesNotContain("PRIVATE KEY", refused.ToString(), StringComparison.Ordinal);
            Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
        }

        Assert.DoesNotContain(world.Logs.Lines, line => line.Contains("PRIVATE KEY", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("a b.example.com")]
    [InlineData("a;return 200.example.com")]
    [InlineData("../etc.example.com")]
    [InlineData("Acme.example.com")]
    [InlineData("*.example.com")]
    public async Task A_host_name_that_is_none_never_reaches_the_proxy(string host)
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant(plain: true) with { Host = host };

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.Routes.PublishAsync(tenant, None));
    }

    [Fact]
    public async Task A_proxy_that_does_not_answer_by_the_route_fails_the_step()
    {
        await using var world = await StartAsync();
        var blind = world.NewHost(("Routing:Https", $"https://127.0.0.1:{FreePorts.Next()}"), ("Routing:VerifyLimit", "00:00:00.2"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => blind.PublishAsync(world.NewTenant(), None));

        Assert.Contains("does not answer for", failed.Message, StringComparison.Ordinal);
    }

    /// <summary>Everything that the proxy is told, to be compared.</summary>
    internal abstract Task<string> ReadConfigurationAsync();
}
