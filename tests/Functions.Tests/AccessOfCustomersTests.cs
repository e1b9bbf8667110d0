using System.Net;
using System.Text.Json;
using Bibind.Functions.Security;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Triggers;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>
/// A customer against a neighbour, at every HTTP function that there is: they are listed from what was mapped, so that a new one
/// cannot be forgotten.
/// </summary>
public sealed class AccessOfCustomersTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Attacker = "attacker-token-0123456789abcdef";
    private const string Reader = "reader-token-0123456789abcdef";
    private const string Neighbour = "c-neighbour";

    // Words that only the neighbour's rows hold.
    private static readonly string[] Marks = ["neighbour", "nathalie", "nextdoor", "shop.nathalie.example"];

    private readonly ApiHost _host = new(postgres)
    {
        More =
        [
            "--Auth:Tokens:3:Name=attacker", $"--Auth:Tokens:3:Token={Attacker}", "--Auth:Tokens:3:Role=admin", "--Auth:Tokens:3:Customer=c-attacker",
            "--Auth:Tokens:4:Name=reader", $"--Auth:Tokens:4:Token={Reader}", "--Auth:Tokens:4:Role=viewer", "--Auth:Tokens:4:Customer=c-attacker",
        ],
    };

    private IReadOnlyList<(string Name, RouteEndpoint Endpoint)> Functions =>
        [.. from endpoint in _host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where endpoint.Metadata.GetMetadata<PartOfFunction>() is null
            let methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
            from method in methods
            select ($"{method} {Pattern(endpoint)}", endpoint)];

    public async ValueTask InitializeAsync()
    {
        await _host.InitializeAsync();
        await MakeTenantAsync("nextdoor", Neighbour, "Neighbour Ltd", "nathalie@neighbour.example");
        await MakeTenantAsync("own", "c-attacker", "Attacker Ltd", "eve@attacker.example");
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_customer_does_not_lift_what_the_provider_suspended()
    {
        await _host.ExecuteAsync(
            """
            insert into control.tenant_suspensions (tenant_id, cause, reason, requested_by, job_id, ordered_at)
            select id, 'payment', 'invoice 1', 'billing', 'suspend-own-1', now() from control.tenants where code = 'own';
            update control.tenants set state = 'suspended' where code = 'own';
            """);

        using var refused = await _host.SendAsync(HttpMethod.Post, "/api/tenants/own/resume", Attacker, """{"reason": "mine"}""");
        using var bare = await _host.SendAsync(HttpMethod.Post, "/api/tenants/own/resume", Attacker);
        using var shown = await _host.GetAsync("/api/tenants/own", Attacker);

        await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "suspended-by-provider");
        await ProblemAssert.IsAsync(bare, HttpStatusCode.Conflict, "suspended-by-provider");
        Assert.Equal("suspended", (await ApiHost.JsonAsync(shown)).GetProperty("state").GetString());
    }

    [Fact]
    public void Every_function_is_open_or_needs_a_role_and_customers_reach_none_by_oversight()
    {
        Assert.NotEmpty(Functions);
        Assert.Equal(CustomerFunctions.Open.Order(StringComparer.Ordinal), Functions.Where(f => f.Endpoint.Metadata.GetMetadata<RequiredRole>() is null).Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            CustomerFunctions.Closed.Order(StringComparer.Ordinal),
            Functions.Where(f => f.Endpoint.Metadata.GetMetadata<RequiredRole>() is not null && f.Endpoint.Metadata.GetMetadata<CustomerAccess>() is null)
                .Select(f => f.Name).Order(StringComparer.Ordinal));
        Assert.All(Functions, f => Assert.Equal(
            f.Endpoint.Metadata.GetMetadata<RequiredRole>() is null, f.Endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAuthorizeData>() is null));
    }

    [Fact]
    public void Whatever_has_a_tenant_job_or_backup_in_its_address_is_kept_to_the_customers_own() => Assert.All(
        Functions.Where(f => f.Endpoint.Metadata.GetMetadata<CustomerAccess>() is not null),
        f => Assert.Equal(
            f.Name.Contains("/tenants/{code}", StringComparison.Ordinal) ? CustomerReach.OwnTenant
            : f.Name.Contains("/customers/{code}", StringComparison.Ordinal) ? CustomerReach.OwnCustomer
            : f.Name.Contains("/jobs/{id}", StringComparison.Ordinal) ? CustomerReach.OwnJob
            : f.Name.Contains("/backups/{id}", StringComparison.Ordinal) ? CustomerReach.OwnBackup
            : f.Name.Contains("/operator-tokens/{id}", StringComparison.Ordinal) ? CustomerReach.OwnToken
            : f.Name.Contains('{', StringComparison.Ordinal) ? (CustomerReach)(-1)
            : CustomerReach.Filtered,
            f.Endpoint.Metadata.GetMetadata<CustomerAccess>()!.Reach));

    [Fact]
    public async Task The_consoles_pages_are_closed_to_customers()
    {
        var pages = _host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<PartOfFunction>() is { Name: "console" }).ToList();
        Assert.NotEmpty(pages);
        Assert.All(pages, page => Assert.NotNull(page.Metadata.GetMetadata<RequiredRole>()));
        Assert.All(pages, page => Assert.Null(page.Metadata.GetMetadata<CustomerAccess>()));
        foreach (var path in (string[])["/console", "/console/tenants/nextdoor", "/console/jobs", "/console/nowhere"])
        {
            using var answer = await _host.GetAsync(path, Attacker);
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Nothing_of_a_neighbour_is_shown_or_changed_at_any_function()
    {
        var before = await SnapshotAsync();
        foreach (var (name, endpoint) in Functions.Where(f => !CustomerFunctions.Open.Contains(f.Name)))
        {
            Assert.Equal(TakesBody(endpoint), CustomerFunctions.Bodies.ContainsKey(name));
            await AttackAsync(name, Theirs);
            Assert.Equal((name, before), (name, await SnapshotAsync()));
        }
    }

    [Fact]
    public async Task A_neighbours_address_is_answered_as_one_that_does_not_exist()
    {
        foreach (var (name, _) in Functions.Where(f => f.Name.Contains('{', StringComparison.Ordinal) && !CustomerFunctions.Open.Contains(f.Name) && !CustomerFunctions.Closed.Contains(f.Name)))
        {
            foreach (var body in new[] { CustomerFunctions.Bodies.GetValueOrDefault(name), "not json" })
            {
                Assert.Equal((name, await AnswerAsync(name, Nobodys, body)), (name, await AnswerAsync(name, Theirs, body)));
            }
        }
    }

    [Fact]
    public async Task A_customer_who_only_looks_changes_nothing_of_their_own()
    {
        foreach (var (name, endpoint) in Functions.Where(f => !CustomerFunctions.Open.Contains(f.Name) && !f.Name.StartsWith("GET ", StringComparison.Ordinal)))
        {
            using var answer = await SendAsync(name, Own, CustomerFunctions.Bodies.GetValueOrDefault(name), Reader);
            await ProblemAssert.IsAsync(answer, HttpStatusCode.Forbidden, "forbidden");
            Assert.NotNull(endpoint);
        }
    }

    [Fact]
    public async Task A_customer_sees_orders_changes_and_leaves()
    {
        using var tenants = await _host.GetAsync("/api/tenants", Attacker);
        using var jobs = await _host.GetAsync("/api/jobs?kind=backup", Attacker);
        using var pending = await _host.GetAsync("/api/pending-items", Attacker);
        using var job = await _host.GetAsync("/api/jobs/backup-own", Attacker);
        using var ordered = await _host.SendAsync(HttpMethod.Post, "/api/tenants", Attacker, ApiHost.Order("further"), idempotencyKey: "one");
        using var again = await _host.SendAsync(HttpMethod.Post, "/api/tenants", Attacker, ApiHost.Order("further"), idempotencyKey: "one");
        using var domain = await _host.SendAsync(HttpMethod.Post, "/api/tenants/own/domains", Attacker, """{"name": "new.attacker.example"}""");
        using var left = await _host.SendAsync(HttpMethod.Delete, "/api/tenants/own?finalBackup=false", Attacker);

        Assert.Equal(["own"], (await ItemsAsync(tenants)).Select(t => t.GetProperty("code").GetString()));
        Assert.Equal(["backup-own"], (await ItemsAsync(jobs)).Select(j => j.GetProperty("id").GetString()));
        Assert.Equal(["own"], (await ItemsAsync(pending)).Select(p => p.GetProperty("tenant").GetString()));
        Assert.Equal(HttpStatusCode.OK, job.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, ordered.StatusCode);
        Assert.Equal(ordered.Headers.Location, again.Headers.Location);
        Assert.Equal("c-attacker", await _host.ScalarAsync<string>("select customer from control.tenants where code = 'further'"));
        Assert.Equal(HttpStatusCode.Accepted, domain.StatusCode);
        Assert.Equal(HttpStatusCode.Accepted, left.StatusCode);
    }

    [Fact]
    public async Task A_customer_lists_their_own_tenants_and_subscriptions_and_nobody_elses()
    {
        foreach (var what in new[] { "tenants", "subscriptions" })
        {
            using var own = await _host.GetAsync($"/api/customers/c-attacker/{what}", Reader);
            Assert.Equal(["own"], (await ItemsAsync(own)).Select(i => i.GetProperty(what == "tenants" ? "code" : "tenant").GetString()));
            foreach (var other in new[] { Neighbour, "c-nothing", "C-ATTACKER", "c-attacker%20", "c-attacker%2F..%2Fc-neighbour", "%2A" })
            {
                using var refused = await _host.GetAsync($"/api/customers/{other}/{what}", Attacker);
                await ProblemAssert.IsAsync(refused, HttpStatusCode.NotFound, "not-found");
            }
        }

        // Who has nothing yet is a customer all the same.
        await _host.ExecuteAsync("update control.tenants set customer = 'c-neighbour' where code = 'own'");
        using var none = await _host.GetAsync("/api/customers/c-attacker/subscriptions", Reader);
        Assert.Empty(await ItemsAsync(none));
        using var closed = await _host.GetAsync("/api/customers/c-attacker", Attacker);
        await ProblemAssert.IsAsync(closed, HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task A_code_that_was_a_neighbours_shows_the_customer_nothing_of_then()
    {
        await _host.ExecuteAsync("update control.tenants set state = 'terminated', ended_at = now() where code = 'nextdoor'");
        await MakeTenantAsync("nextdoor", "c-attacker", "Attacker Ltd", "eve@attacker.example", suffix: "2");

        using var jobs = await _host.GetAsync("/api/jobs?tenant=nextdoor", Attacker);
        using var former = await _host.GetAsync("/api/jobs/backup-nextdoor", Attacker);
        using var backups = await _host.GetAsync("/api/tenants/nextdoor/backups", Attacker);

        Assert.Equal(["backup-nextdoor2", "provision-nextdoor-3"], (await ItemsAsync(jobs)).Select(j => j.GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
        await ProblemAssert.IsAsync(former, HttpStatusCode.NotFound, "not-found");
        Assert.Equal(["nextdoor2-x"], (await ItemsAsync(backups)).Select(b => b.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_tenant_changes_hands_by_an_administrator_alone()
    {
        const string ToTheAttacker = """{"customer": "c-attacker"}""";
        using var byManager = await _host.SendAsync(HttpMethod.Put, "/api/tenants/nextdoor/customer", ApiHost.ManagerToken, ToTheAttacker);
        using var before = await _host.GetAsync("/api/tenants/nextdoor", Attacker);
        using var byAdmin = await _host.SendAsync(HttpMethod.Put, "/api/tenants/nextdoor/customer", ApiHost.AdminToken, ToTheAttacker);
        using var after = await _host.GetAsync("/api/tenants/nextdoor", Attacker);
        using var wrong = await _host.SendAsync(HttpMethod.Put, "/api/tenants/nextdoor/customer", ApiHost.AdminToken, """{"customer": "a b"}""");
        using var taken = await _host.SendAsync(HttpMethod.Put, "/api/tenants/nextdoor/customer", ApiHost.AdminToken, """{"customer": null}""");
        using var gone = await _host.GetAsync("/api/tenants/nextdoor", Attacker);

        await ProblemAssert.IsAsync(byManager, HttpStatusCode.Forbidden, "forbidden");
        await ProblemAssert.IsAsync(before, HttpStatusCode.NotFound, "not-found");
        Assert.Equal("c-attacker", (await ApiHost.JsonAsync(byAdmin)).GetProperty("customer").GetString());
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        ProblemAssert.Names(await ProblemAssert.IsAsync(wrong, HttpStatusCode.UnprocessableEntity, "invalid-command"), "customer", "code of a customer");
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        await ProblemAssert.IsAsync(gone, HttpStatusCode.NotFound, "not-found");
    }

    private static string Theirs(string part) => part switch { "code" => "nextdoor", "customer" => Neighbour, "id" => "nextdoor-x", "job" => "backup-nextdoor", _ => "shop.nathalie.example" };

    private static string Own(string part) => part switch { "code" => "own", "customer" => "c-attacker", "id" => "own-x", "job" => "backup-own", _ => "shop.eve.example" };

    private static string Nobodys(string part) => part switch { "code" => "nothings", "customer" => "c-nothing", "id" => "nothings-x", "job" => "backup-nothings", _ => "shop.nobodies.example" };

    private static string Pattern(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.Trim('/');

    private static bool TakesBody(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null;

    private static string Fill(string text, Func<string, string> names, bool isJob) => text
        .Replace("/customers/{code}", $"/customers/{names("customer")}", StringComparison.Ordinal)
        .Replace("{code}", names("code"), StringComparison.Ordinal)
        .Replace("{id}", names(isJob ? "job" : "id"), StringComparison.Ordinal)
        .Replace("{name}", names("name"), StringComparison.Ordinal);

    private static async Task<IReadOnlyList<JsonElement>> ItemsAsync(HttpResponseMessage answer) =>
        [.. (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()];

    private Task<HttpResponseMessage> SendAsync(string name, Func<string, string> names, string? body, string token = Attacker)
    {
        var (method, path) = (name.Split(' ')[0], name.Split(' ')[1]);
        var isJob = path.Contains("/jobs/", StringComparison.Ordinal);
        return _host.SendAsync(new HttpMethod(method), Fill(path, names, isJob), token, body is null ? null : Fill(body, names, isJob));
    }

    private async Task AttackAsync(string name, Func<string, string> names)
    {
        using var answer = await SendAsync(name, names, CustomerFunctions.Bodies.GetValueOrDefault(name));
        var text = await answer.Content.ReadAsStringAsync();
        if (CustomerFunctions.Closed.Contains(name))
        {
            await ProblemAssert.IsAsync(answer, HttpStatusCode.Forbidden, "forbidden");
        }
        else if (name.Contains('{', StringComparison.Ordinal) || name == "POST /api/domains/purchases")
        {
            await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
        }

        // A problem repeats the address that the attacker wrote.
        var shown = answer.IsSuccessStatusCode ? text : JsonElement.Parse(text).GetProperty("detail").GetString()!;
        Assert.All(Marks, mark => Assert.DoesNotContain(mark, shown, StringComparison.OrdinalIgnoreCase));
    }

    private async Task<string> AnswerAsync(string name, Func<string, string> names, string? body)
    {
        using var answer = await SendAsync(name, names, body);
        var problem = await ApiHost.JsonAsync(answer);
        return $"{(int)answer.StatusCode} {problem.GetProperty("type")} {problem.GetProperty("title")} {problem.GetProperty("detail")} {problem.TryGetProperty("errors", out _)} {answer.Headers.Location}";
    }

    /// <summary>Everything that is stored about the neighbour, and how much there is of what has no owner.</summary>
    private Task<string> SnapshotAsync() => _host.ScalarAsync<string>(
        """
        select concat_ws(E'\n',
          (select string_agg(t::text, E'\n' order by t.id) from control.tenants t where t.customer = 'c-neighbour'),
          (select string_agg(j::text, E'\n' order by j.id) from control.jobs j join control.tenants t on t.id = j.tenant_id where t.customer = 'c-neighbour'),
          (select string_agg(d::text, E'\n' order by d.id) from control.domains d join control.tenants t on t.id = d.tenant_id where t.customer = 'c-neighbour'),
          (select string_agg(b::text, E'\n' order by b.id) from control.backups b join control.tenants t on t.id = b.tenant_id where t.customer = 'c-neighbour'),
          (select string_agg(p::text, E'\n') from control.pending_items p join control.tenants t on t.id = p.tenant_id where t.customer = 'c-neighbour'),
          (select string_agg(s.name || coalesce(s.revealed_at::text, '-'), E'\n' order by s.name) from control.secrets s),
          (select count(*) from control.jobs where tenant_id is null), (select count(*) from control.domain_purchases),
          (select count(*) from control.servers), (select count(*) from control.templates), (select count(*) from control.tenants where customer is null))
        """);

    private async Task MakeTenantAsync(string code, string customer, string name, string email, string suffix = "")
    {
        using var answer = await _host.OrderAsync(
            $$"""{"code": "{{code}}", "name": "{{name}}", "offer": "odoo-shared", "customerEmail": "{{email}}", "customer": "{{customer}}"}""");
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await _host.ExecuteAsync(
            $"""
            update control.tenants set state = 'active' where code = '{code}' and state = 'provisioning';
            update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}' and finished_at is null;
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome)
            select 'backup-{code}{suffix}', 'backup', id, code, code, 'test', false, now(), now(), 'succeeded' from control.tenants where code = '{code}' and state = 'active';
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
            select '{code}{suffix}-x', id, 'manual', 'k', 'm', 1, '00', now() from control.tenants where code = '{code}' and state = 'active';
            insert into control.pending_items (tenant_id, kind, since, reason, next_attempt)
            select id, 'first-backup', now(), '{name}', now() + interval '1 day' from control.tenants where code = '{code}' and state = 'active';
            insert into control.domains (tenant_id, name, state, proof, job_id, requested_by, created_at, updated_at)
            select id, 'shop.{email.Split('@')[0]}{suffix}.example', 'waiting_for_dns', 'proof', 'backup-{code}{suffix}', 'test', now(), now() from control.tenants where code = '{code}' and state = 'active'
            """);
    }
}
