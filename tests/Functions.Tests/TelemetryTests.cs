using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Bibind.Functions.Settings;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Traces and metrics leave the host for a collector; what comes in there is looked at as bytes.</summary>
public sealed class TelemetryTests(PostgresServer postgres)
{
    [Fact]
    public async Task Traces_and_metrics_reach_a_collector_without_the_webhooks_token()
    {
        await using var collector = await OtlpCollectorStub.StartAsync();
        var arguments = new ApiHost(postgres);
        await arguments.InitializeAsync();
        await using var original = arguments;
        await using var host = FunctionsHost.Build(
            [.. arguments.Arguments(), $"--OTEL_EXPORTER_OTLP_ENDPOINT={collector.Address}"],
            builder => builder.Services.AddSingleton(ScriptedOrchestrators.Registry()));
        await host.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.Single()) };

        using var order = await client.PostAsync(
            $"/webhooks/odoo/{ApiHost.WebhookToken}",
            new StringContent("""{"_model": "saas", "_id": 7, "code": "failingtrace", "name": "T", "offer": "odoo-shared"}""", Encoding.UTF8, "application/json"));
        Assert.Equal(StatusCodes.Status202Accepted, (int)order.StatusCode);
        await Eventually.UntilAsync(
            async () => await arguments.ScalarAsync<long>("select count(*) from durable.instances where name = 'ProvisionTenant.2' and completed_at is not null") == 1,
            TimeSpan.FromSeconds(20), "the orchestration has ended");
        // What is not sent yet goes out at the end.
        await host.StopAsync();
        await host.DisposeAsync();

        var traces = string.Concat(collector.Bodies["/v1/traces"]);
        Assert.Contains("bibind-functions", traces, StringComparison.Ordinal);
        Assert.Contains("start ProvisionTenant", traces, StringComparison.Ordinal);
        Assert.Contains("activity storage.create_bucket", traces, StringComparison.Ordinal);
        Assert.Contains("orchestration ProvisionTenant", traces, StringComparison.Ordinal);
        Assert.DoesNotContain(ApiHost.WebhookToken, traces, StringComparison.Ordinal);
        Assert.Contains("durable.activity.duration", string.Concat(collector.Bodies["/v1/metrics"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spans_hold_no_query_no_header_no_path_of_a_call_and_no_password()
    {
        await using var collector = await OtlpCollectorStub.StartAsync();
        var arguments = new ApiHost(postgres);
        await arguments.InitializeAsync();
        await using var original = arguments;
        await using var host = FunctionsHost.Build(
            [.. arguments.Arguments(), $"--OTEL_EXPORTER_OTLP_ENDPOINT={collector.Address}"],
            builder => builder.Services.AddSingleton(ScriptedOrchestrators.Registry()));
        await host.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls.Single()) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.ViewerToken);

        using var read = await client.GetAsync("/api/tenants?page=1&key=query-secret");
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync($"http://127.0.0.1:{FreePorts.Next()}/caller/path-secret?signature=signature-secret"));
        await using (var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("select 'password-secret' as password"))
        {
            await command.ExecuteNonQueryAsync();
        }

        await host.StopAsync();
        await host.DisposeAsync();

        var traces = string.Concat(collector.Bodies["/v1/traces"]);
        Assert.Contains("/api/tenants", traces, StringComparison.Ordinal);
        Assert.Contains("url.full", traces, StringComparison.Ordinal);
        Assert.Contains("db.query.text", traces, StringComparison.Ordinal);
        Assert.All(
            new[] { ApiHost.ViewerToken, "query-secret", "path-secret", "signature-secret", "password-secret" },
            secret => Assert.DoesNotContain(secret, traces, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prometheus_reads_the_metrics_with_a_viewers_token()
    {
        await using var host = new ApiHost(postgres);
        await host.InitializeAsync();
        await host.OrderTenantAsync(ScriptedOrchestrators.FailingPrefix);
        using var checkedNow = await host.SendAsync(HttpMethod.Post, $"/api/servers/{ApiHost.Server}/health", ApiHost.ManagerToken);

        string[] names =
        [
            "bibind_servers_up{", "bibind_servers_count{", "bibind_servers_check_duration_seconds_count{", "durable_activity_duration_seconds_count", "http_server_request_duration_seconds_count", "dotnet_gc_collections_total", "db_client_",
        ];
        await Eventually.UntilAsync(
            async () =>
            {
                using var answer = await host.GetAsync("/metrics");
                var text = await answer.Content.ReadAsStringAsync();
                return answer.StatusCode != HttpStatusCode.OK ? answer.StatusCode.ToString()
                    : string.Join(", ", names.Where(name => !text.Contains(name, StringComparison.Ordinal)));
            },
            missing => missing.Length == 0, TimeSpan.FromSeconds(20), "no metric is missing");
        using var nobody = await host.GetAsync("/metrics", token: null);
        using var post = await host.SendAsync(HttpMethod.Post, "/metrics", ApiHost.ViewerToken);

        Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public void An_address_that_is_none_is_refused_by_name()
    {
        var wrong = Assert.Throws<SettingsException>(() => FunctionsHost.Build([.. new ApiHost(postgres).Arguments(), "--OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318"]));

        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT must be", wrong.Message, StringComparison.Ordinal);
    }

    /// <summary>Takes what an OpenTelemetry collector would take; no collector can be had here.</summary>
    private sealed class OtlpCollectorStub : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private OtlpCollectorStub(WebApplication app) => _app = app;

        public Uri Address => new(_app.Urls.Single());

        public ConcurrentDictionary<string, ConcurrentQueue<string>> Bodies { get; } = new();

        public static async Task<OtlpCollectorStub> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder(["--Urls=http://127.0.0.1:0"]);
            builder.Logging.ClearProviders();
            var app = builder.Build();
            var stub = new OtlpCollectorStub(app);
            app.MapPost("/v1/{signal}", async (HttpContext context) =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                stub.Bodies.GetOrAdd(context.Request.Path, _ => new()).Enqueue(Encoding.Latin1.GetString(body.ToArray()));
            });
            await app.StartAsync();
            return stub;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
