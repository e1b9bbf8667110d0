using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Bibind.Durable;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The host as a whole: health, the OpenAPI document, a database that goes away, what is logged.</summary>
public sealed class HostTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_host_that_has_all_it_needs_is_live_and_ready()
    {
        using var live = await host.GetAsync("/health/live", token: null);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        using var ready = await host.GetAsync("/health/ready", token: null);
        var checks = (await ApiHost.JsonAsync(ready)).GetProperty("checks");
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.All(new[] { "control-database", "task-hub", "worker" }, name => Assert.Equal("ok", checks.GetProperty(name).GetString()));
    }

    [Fact]
    public async Task Connections_that_ended_while_they_lay_idle_lose_no_order()
    {
        await EndIdleConnectionsAsync();

        using var answer = await host.OrderAsync(ApiHost.Order("thawed"));

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    [Theory]
    [InlineData("/health/ready")]
    [InlineData("/api/jobs")]
    public async Task Connections_that_ended_while_they_lay_idle_fail_no_read(string path)
    {
        await EndIdleConnectionsAsync();

        using var answer = await host.GetAsync(path);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    // Several lie in the pool, as after a while of work, when the process is frozen or the database restarts.
    private async Task EndIdleConnectionsAsync()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => host.ScalarAsync<string>("select pg_sleep(0.1)::text")));
        await host.Postgres.RunAsync(
            $"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{new NpgsqlConnectionStringBuilder(host.ControlDatabase).Database}' and pid <> pg_backend_pid()");
    }

    [Fact]
    public async Task The_OpenAPI_document_lists_every_route_with_its_problems()
    {
        using var answer = await host.GetAsync("/openapi/v1.json", token: null);
        var document = await ApiHost.JsonAsync(answer);
        var paths = document.GetProperty("paths");
        var routes = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText is { } text && !text.StartsWith("/openapi", StringComparison.Ordinal) && text != "/metrics"
                && e.Metadata.GetMetadata<IExcludeFromDescriptionMetadata>() is null)
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => (Path: e.RoutePattern.RawText!.TrimEnd('/'), Method: m.ToLowerInvariant())))
            .ToList();
        Assert.NotEmpty(routes);
        Assert.All(routes, route =>
        {
            // Whoever registers, or is about to sign in, has no token yet.
            var isClosed = route.Path.StartsWith("/api/", StringComparison.Ordinal)
                && route is not ("/api/registrations" or "/api/registrations/confirm", "post") && route is not ("/api/sign-in", "get");
            var operation = paths.GetProperty(route.Path).GetProperty(route.Method);
            var responses = operation.GetProperty("responses");
            Assert.Equal(isClosed, responses.TryGetProperty("401", out _));
            Assert.Equal(isClosed, operation.GetProperty("security").GetArrayLength() > 0);
            Assert.True(responses.TryGetProperty("500", out var unexpected));
            Assert.True(unexpected.GetProperty("content").TryGetProperty("application/problem+json", out _));
        });
        Assert.Equal("bearer", document.GetProperty("components").GetProperty("securitySchemes").GetProperty("bearer").GetProperty("scheme").GetString());
    }

    [Fact]
    public async Task The_OpenAPI_document_shows_what_an_order_needs()
    {
        using var answer = await host.GetAsync("/openapi/v1.json", token: null);
        var document = await ApiHost.JsonAsync(answer);
        var order = document.GetProperty("paths").GetProperty("/api/tenants").GetProperty("post");
        Assert.Contains(order.GetProperty("parameters").EnumerateArray(), p => p.GetProperty("name").GetString() == "Idempotency-Key");
        var schema = document.GetProperty("components").GetProperty("schemas").GetProperty("CreateTenant");
        Assert.Equal(["code", "name", "offer"], schema.GetProperty("required").EnumerateArray().Select(r => r.GetString()).Order());
        Assert.True(order.GetProperty("responses").TryGetProperty("409", out _));
    }

    [Fact]
    public async Task A_control_database_that_is_away_makes_503_and_the_host_comes_back_by_itself()
    {
        var name = new NpgsqlConnectionStringBuilder(host.ControlDatabase).Database;
        await host.Postgres.RunAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        await host.Postgres.RunAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        try
        {
            using var answer = await host.OrderAsync(ApiHost.Order("away"));
            await ProblemAssert.IsAsync(answer, HttpStatusCode.ServiceUnavailable, "unavailable");
            Assert.NotNull(answer.Headers.RetryAfter);
            using var ready = await host.GetAsync("/health/ready", token: null);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
            Assert.Equal("Does not answer.", (await ApiHost.JsonAsync(ready)).GetProperty("checks").GetProperty("control-database").GetString());
            using var live = await host.GetAsync("/health/live", token: null);
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        }
        finally
        {
            await host.Postgres.RunAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        }

        await host.WaitAsync("/health/ready", j => j.GetProperty("status").GetString() == "ready");
        await host.OrderTenantAsync("back");
    }

    [Fact]
    public async Task An_unexpected_failure_tells_nothing_but_a_trace_that_finds_it_in_the_log()
    {
        await host.ExecuteAsync("alter table control.tenants rename column bucket to pail");
        try
        {
            using var answer = await host.OrderAsync(ApiHost.Order("broken"));
            var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.InternalServerError, "unexpected");
            Assert.DoesNotContain("bucket", problem.ToString(), StringComparison.Ordinal);
            Assert.Contains($"failed unexpectedly (trace {problem.GetProperty("traceId").GetString()})", host.Logs.Text, StringComparison.Ordinal);
        }
        finally
        {
            await host.ExecuteAsync("alter table control.tenants rename column pail to bucket");
        }
    }

    [Fact]
    public async Task No_token_nor_password_is_logged_whatever_the_level()
    {
        await host.OrderTenantAsync("logged");
        const string Wrong = "guessed-token-0123456789abcdef";
        foreach (var token in new[] { ApiHost.WebhookToken, Wrong })
        {
            using var content = new StringContent("""{"_model": "sale.order", "_id": 1, "code": "hook-logged", "name": "x", "offer": "odoo-shared"}""", Encoding.UTF8, "application/json");
            using var answer = await host.Client.PostAsync($"/webhooks/odoo/{token}", content);
        }

        using var guessed = await host.GetAsync("/api/tenants", Wrong);
        var password = host.Postgres.Postgres.PasswordOf(LocalServer.MaintenanceRole);
        using var created = await host.SendAsync(HttpMethod.Post, "/api/servers", ApiHost.AdminToken, JsonSerializer.Serialize(new
        {
            code = "logged",
            name = "x",
            url = "http://127.0.0.1:2",
            databasePassword = "password-of-a-server",
            applicationPassword = "password-of-the-role",
            masterPassword = "password-of-the-application",
        }));
        using var activated = await host.SendAsync(HttpMethod.Post, "/api/servers/logged/activate", ApiHost.AdminToken);

        var log = host.Logs.Text;
        Assert.Contains("/webhooks/odoo/{token} answered 202", log, StringComparison.Ordinal);
        string[] secrets =
        [
            ApiHost.ViewerToken, ApiHost.ManagerToken, ApiHost.AdminToken, ApiHost.WebhookToken, Wrong, ApiHost.MasterKey, password,
            "password-of-a-server", "password-of-the-role", "password-of-the-application",
        ];
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, log, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_worker_knows_every_activity_of_the_contracts()
    {
        await using var app = FunctionsHost.Build(host.Arguments());
        var registered = app.Services.GetRequiredService<TaskRegistry>().ActivityNames;
        var defined = typeof(Contracts.Orchestrations).Assembly.GetExportedTypes()
            .SelectMany(t => t.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(f => f.FieldType.IsGenericType && f.FieldType.GetGenericTypeDefinition() == typeof(ActivityDefinition<,>))
            .Select(f => (string)f.FieldType.GetProperty("Name")!.GetValue(f.GetValue(null))!)
            .ToList();
        Assert.NotEmpty(defined);
        Assert.Empty(defined.Except(registered));
    }
}
