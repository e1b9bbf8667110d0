using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Triggers;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>
/// Invocations as the Functions host sends them to a custom handler, byte by byte. Shapes:
/// learn.microsoft.com/azure/azure-functions/functions-custom-handlers and DefaultHttpWorkerService of azure-functions-host.
/// </summary>
public sealed class AzureFunctionsTests(PostgresServer postgres) : IAsyncLifetime
{
    private readonly ApiHost _plain = new(postgres);
    private readonly HttpClient _client = new();
    private WebApplication? _app;
    private IQueueBroker? _broker;

    public async ValueTask InitializeAsync()
    {
        await _plain.InitializeAsync();
        var azurite = await AzuriteServer.GetAsync();
        var port = FreePorts.Next().ToString(CultureInfo.InvariantCulture);
        _app = FunctionsHost.Build(
            [.. _plain.Arguments(), "--Hosting:Kind=azure", $"--FUNCTIONS_CUSTOMHANDLER_PORT={port}", $"--Queues:AzureStorage:ConnectionString={azurite.ConnectionString}"],
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton(ScriptedOrchestrators.Registry());
            });
        _broker = _app.Services.GetRequiredService<IQueueBroker>();
        foreach (var queue in new[] { "billing-poison", "pump" })
        {
            await _broker.Open(queue).CreateAsync(default);
        }

        await _app.StartAsync();
        _client.BaseAddress = new Uri($"http://127.0.0.1:{port}");
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        await _plain.DisposeAsync();
        _client.Dispose();
    }

    [Fact]
    public async Task The_ping_is_answered_with_a_JSON_object_at_any_time()
    {
        using var answer = await _client.GetAsync(new Uri("/", UriKind.Relative));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(JsonValueKind.Object, (await ApiHost.JsonAsync(answer)).ValueKind);
    }

    [Theory]
    [InlineData(true, "\"1\"")]
    [InlineData(false, "1")]
    public async Task A_queue_message_is_understood_however_often_it_was_wrapped(bool wrapped, string count)
    {
        var code = $"azure-{Guid.NewGuid().ToString("n")[..8]}";
        var body = Created(code);
        // An object travels as such, but may also come as the text of it.
        var data = wrapped ? JsonSerializer.Serialize(body) : body;

        using var answer = await InvokeAsync("billing", $$$"""{"Data": {"billing": {{{data}}} }, "Metadata": {"DequeueCount": {{{count}}}, "Id": "\"m-1\"", "sys": {"MethodName": "billing"} } }""");

        await SucceededAsync(answer);
        Assert.Equal(1, await _plain.ScalarAsync<long>($"select count(*) from control.jobs j join control.tenants t on t.id = j.tenant_id where t.code = '{code}'"));
    }

    [Fact]
    public async Task What_nobody_can_read_goes_to_the_poison_queue_and_the_invocation_succeeds()
    {
        var word = Guid.NewGuid().ToString("n");

        using var answer = await InvokeAsync("billing", $$$"""{"Data": {"billing": "\"{{{word}}}\""}, "Metadata": {} }""");

        await SucceededAsync(answer);
        var poison = _broker!.Open("billing-poison");
        var letters = new List<string>();
        await Eventually.UntilAsync(
            async () =>
            {
                letters.AddRange((await poison.ReceiveAsync(32, TimeSpan.FromMinutes(1), default)).Select(m => m.Body!));
                return letters.Exists(l => l.Contains(word, StringComparison.Ordinal));
            },
            TimeSpan.FromSeconds(20), "the message is poison");
    }

    [Fact]
    public async Task What_fails_for_now_fails_the_invocation_so_that_the_host_delivers_it_again()
    {
        await _plain.ExecuteAsync(
            """
            create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
            create trigger refuse_it before insert on control.billing_inbox for each row when (new.id = 'b-9') execute function refuse_it()
            """);
        var cancelled = """{"billing": {"id": "b-9", "type": "subscription.cancelled", "tenant": "nobody", "sequence": 1, "occurredAt": "2026-03-01T09:30:00Z", "data": {}}}""";

        using var answer = await InvokeAsync("billing", $$$"""{"Data": {"billing": {{{cancelled}}} }, "Metadata": {} }""");

        await ProblemAssert.IsAsync(answer, HttpStatusCode.ServiceUnavailable, "retry");
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"Data\": {")]
    [InlineData("{\"Data\": {\"other\": 1}}")]
    [InlineData("{\"Metadata\": {}}")]
    public async Task An_invocation_that_is_not_one_fails_in_words(string body)
    {
        using var queue = await InvokeAsync("billing", body);
        await ProblemAssert.IsAsync(queue, HttpStatusCode.BadRequest, "unreadable-request");
        using var timer = await InvokeAsync("keepTimers", body);
        await ProblemAssert.IsAsync(timer, HttpStatusCode.BadRequest, "unreadable-request");
    }

    [Fact]
    public async Task A_function_that_is_not_there_is_not_found()
    {
        using var answer = await InvokeAsync("nothing", "{}");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_tick_is_run_once_though_it_comes_twice()
    {
        const string Tick = """{"Data": {"keepTimers": {"Schedule": {"AdjustForDST": true}, "ScheduleStatus": null, "IsPastDue": false}}, "Metadata": {"sys": {"MethodName": "keepTimers"}}}""";

        var logs = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            using var answer = await InvokeAsync("keepTimers", Tick);
            logs.Add((await SucceededAsync(answer)).GetProperty("Logs")[0].GetString()!);
        }

        // The second may fall into the next five minutes.
        Assert.Contains("was run", logs[0], StringComparison.Ordinal);
        Assert.Equal(1, await _plain.ScalarAsync<long>("select count(*) from control.timers"));
    }

    [Fact]
    public async Task An_order_wakes_the_pump_before_it_is_answered()
    {
        var pump = _broker!.Open("pump");
        while (await pump.ReceiveAsync(32, TimeSpan.FromSeconds(30), default) is { Count: > 0 } left)
        {
            await Task.WhenAll(left.Select(m => pump.DeleteAsync(m, default)));
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tenants")
        {
            Content = new StringContent(ApiHost.Order($"woken-{Guid.NewGuid().ToString("n")[..8]}"), Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new("Bearer", ApiHost.ManagerToken);
        using var answer = await _client.SendAsync(request);

        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Single(await pump.ReceiveAsync(32, TimeSpan.FromSeconds(30), default));
    }

    [Fact]
    public void The_declared_functions_have_names_that_every_platform_takes_and_that_are_their_own()
    {
        var functions = Declarations.For(HostKind.Azure);
        var names = FunctionManifest.HttpFunctions().Select(f => f.Name).Concat(functions.Queues.Select(q => q.Name)).Concat(functions.Timers.Select(t => t.Name)).ToList();

        Assert.All(names, name => Assert.Matches("^[A-Za-z][A-Za-z0-9_-]{0,60}$", name));
        Assert.Equal(names.Count, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        // Paths of the host's own invocations are no HTTP routes.
        Assert.DoesNotContain(FunctionManifest.HttpFunctions(), f => functions.Queues.Any(q => q.Name == f.Route));
    }

    private static async Task<JsonElement> SucceededAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        var json = JsonElement.Parse(text);
        Assert.Equal(JsonValueKind.Object, json.GetProperty("Outputs").ValueKind);
        Assert.Equal(JsonValueKind.Null, json.GetProperty("ReturnValue").ValueKind);
        return json;
    }

    private async Task<HttpResponseMessage> InvokeAsync(string function, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/{function}") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Azure-Functions-InvocationId", Guid.NewGuid().ToString());
        request.Headers.TransferEncodingChunked = true;
        return await _client.SendAsync(request);
    }

    private static string Created(string code) =>
        $$$"""
        {"billing": {"id": "{{{code}}}", "type": "subscription.created", "tenant": "{{{code}}}", "sequence": 1, "occurredAt": "2026-03-01T09:30:00Z",
          "data": {"offer": "odoo-shared", "name": "Anna", "plan": "starter", "template": "blank"} } }
        """;
}
