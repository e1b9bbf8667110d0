using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Testing.FunctionsHost;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>Calls as the Functions host makes them of its isolated worker: what the host decides, and what reaches the functions.</summary>
public sealed class AzureInvocationTests
{
    private static readonly Lazy<Task<AzuriteServer>> Server = new(AzuriteServer.StartAsync);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Requests_run_through_the_pipeline_of_every_host()
    {
        await using var world = await World.StartAsync();

        using var refused = await world.SendAsync(HttpMethod.Get, "/api/tenants", token: null);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        Assert.Equal("nosniff", refused.Headers.GetValues("X-Content-Type-Options").Single());

        using var chunked = await world.SendAsync(HttpMethod.Post, "/api/tenants", Installation.Token, Order("chunked"), isChunked: true);
        Assert.Equal(HttpStatusCode.Accepted, chunked.StatusCode);

        using var twice = await world.SendAsync(HttpMethod.Get, "/api/jobs?state=failed&state=running", Installation.Token);
        using var direct = await world.SendAsync(HttpMethod.Get, "/api/jobs?state=failed,running", Installation.Token);
        Assert.Equal(HttpStatusCode.BadRequest, twice.StatusCode);
        Assert.Contains("state", await twice.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotEqual(HttpStatusCode.InternalServerError, direct.StatusCode);

        using var tooLarge = await world.SendAsync(HttpMethod.Post, "/api/tenants", Installation.Token, new string(' ', 2 * 1024 * 1024));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        Assert.Equal("/problems/body-too-large", JsonNode.Parse(await tooLarge.Content.ReadAsStringAsync())!["type"]!.GetValue<string>());

        using var document = await world.SendAsync(HttpMethod.Get, "/openapi/v1.json", token: null);
        Assert.True(JsonNode.Parse(await document.Content.ReadAsStringAsync())!["paths"]!.AsObject().Count > 30);
    }

    [Theory]
    [InlineData("GET", "/no/such/thing")]
    [InlineData("PATCH", "/api/tenants")]
    [InlineData("HEAD", "/health/live")]
    [InlineData("OPTIONS", "/health/live")]
    public async Task What_is_no_function_the_host_answers_itself_without_a_body(string method, string path)
    {
        await using var world = await World.StartAsync();

        using var answer = await world.SendAsync(new HttpMethod(method), path, Installation.Token);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Routes_know_no_case()
    {
        await using var world = await World.StartAsync();

        using var answer = await world.SendAsync(HttpMethod.Get, "/HEALTH/Live", token: null);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Members_of_a_message_are_not_taken_for_its_id_or_its_count()
    {
        await using var world = await World.StartAsync();
        var word = Guid.NewGuid().ToString("n");
        var message = new StandInMessage("m-1", "receipt", $$"""{"Id": "{{word}}", "DequeueCount": 7, "billing": 1}""", DequeueCount: 1);

        var result = await world.Host.InvokeQueueAsync(world.Function("billing"), message);

        Assert.True(result.Succeeded, result.Error);
        Assert.Contains("Message m-1 of queue billing went to the poison queue", world.Output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_for_now_fails_the_invocation_in_words_so_that_the_host_delivers_it_again()
    {
        await using var world = await World.StartAsync();
        await world.ExecuteAsync(
            """
            create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
            create trigger refuse_it before insert on control.billing_inbox for each row execute function refuse_it()
            """);

        var result = await world.Host.InvokeQueueAsync(world.Function("billing"), Message(Cancelled("b-9"), attempt: 3));

        Assert.False(result.Succeeded);
        Assert.Contains("billing: message m-b-9, attempt 3", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("not now", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_its_time_is_up_a_call_is_cancelled_and_the_others_go_on()
    {
        await using var world = await World.StartAsync();
        world.Host.FunctionTimeout = TimeSpan.FromSeconds(3);
        var process = world.Host.Process.Id;
        await using (await world.LockAsync("control.billing_inbox"))
        {
            var late = await world.Host.InvokeQueueAsync(world.Function("billing"), Message(Cancelled("b-1"), attempt: 1)).WaitAsync(Limit);
            Assert.False(late.Succeeded);

            world.Host.FunctionTimeout = Limit;
            using var live = await world.SendAsync(HttpMethod.Get, "/health/live", token: null);
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        }

        var again = await world.Host.InvokeQueueAsync(world.Function("billing"), Message(Cancelled("b-1"), attempt: 2)).WaitAsync(Limit);

        Assert.True(again.Succeeded, again.Error);
        Assert.Equal(process, world.Host.Process.Id);
    }

    [Fact]
    public async Task A_request_whose_time_is_up_is_cancelled_and_leaves_the_next_one_alone()
    {
        await using var world = await World.StartAsync();
        world.Host.FunctionTimeout = TimeSpan.FromSeconds(3);
        await using (await world.LockAsync("control.tenants"))
        {
            using var late = await world.SendAsync(HttpMethod.Get, "/api/tenants", Installation.Token).WaitAsync(Limit);
            Assert.False(late.IsSuccessStatusCode);
        }

        world.Host.FunctionTimeout = Limit;
        for (var i = 0; i < 5; i++)
        {
            using var next = await world.SendAsync(HttpMethod.Get, "/api/tenants", Installation.Token).WaitAsync(Limit);
            Assert.Equal(HttpStatusCode.OK, next.StatusCode);
            Assert.Equal(JsonValueKind.Object, JsonElement.Parse(await next.Content.ReadAsStringAsync()).ValueKind);
        }
    }

    [Fact]
    public async Task A_worker_that_is_told_to_end_gives_back_what_the_pump_works_on()
    {
        await using var world = await World.StartAsync();
        using var ordered = await world.SendAsync(HttpMethod.Post, "/api/tenants", Installation.Token, Order(world.Installation.Code));
        Assert.Equal(HttpStatusCode.Accepted, ordered.StatusCode);
        await using (await world.LockAsync("control.tenants"))
        {
            var pump = world.Host.InvokeQueueAsync(world.Function("pump"), new StandInMessage("m-1", "receipt", """{"pump":{}}""", DequeueCount: 1));
            await world.LeasedAsync(1);
            using var limit = new CancellationTokenSource(Limit);

            Assert.Equal(0, await world.Host.TerminateAsync(limit.Token));

            await pump.WaitAsync(Limit);
            await world.LeasedAsync(0);
        }
    }

    [Fact]
    public async Task The_package_has_what_the_host_reads_and_nothing_under_a_licence_that_is_not_open_source()
    {
        var folder = await PublishedHost.ForAzureAsync();
        var files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).ToList();

        Assert.Superset(
            new HashSet<string>
            {
                "host.json", "worker.config.json", "extensions.json", "functions.metadata", "Bibind.Functions.Azure.dll",
                ".azurefunctions/Microsoft.Azure.WebJobs.Extensions.Storage.Queues.dll",
            },
            files.ToHashSet());
        // Microsoft.AspNet.WebApi.Client's assembly, and what only it wants.
        Assert.DoesNotContain(files, f => Path.GetFileName(f) is "System.Net.Http.Formatting.dll" or "Newtonsoft.Json.Bson.dll");
        Assert.True(JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "functions.metadata")))!.AsArray().Count > 30);
        Assert.Equal("true", JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "worker.config.json")))!["description"]!["workerIndexing"]!.GetValue<string>());
    }

    private static string Order(string code) => new JsonObject { ["code"] = code, ["name"] = "Chez Anna", ["offer"] = "odoo-shared" }.ToJsonString();

    private static StandInMessage Message(string text, int attempt) =>
        new($"m-{JsonNode.Parse(text)!["billing"]!["id"]!.GetValue<string>()}", "receipt", text, attempt);

    private static string Cancelled(string id) =>
        $$$"""{"billing": {"id": "{{{id}}}", "type": "subscription.cancelled", "tenant": "nobody", "sequence": 1, "occurredAt": "2026-03-01T09:30:00Z", "data": {} } }""";

    /// <summary>An installation, and its functions under the stand-in.</summary>
    private sealed class World(Installation installation, FunctionsHostStandIn host, ChildOutput output) : IAsyncDisposable
    {
        public Installation Installation => installation;

        public FunctionsHostStandIn Host => host;

        public ChildOutput Output => output;

        public static async Task<World> StartAsync()
        {
            var installation = await EndToEnd.Tests.Installation.CreateEmptyAsync();
            var broker = await Brokers.StorageAsync(installation, await Server.Value);
            await broker.Open("pump").CreateAsync(default);
            var output = new ChildOutput();
            var settings = installation.Settings.ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value);
            return new World(installation, await FunctionsHostStandIn.StartAsync(await PublishedHost.ForAzureAsync(), settings, output.Keep), output);
        }

        public StandInFunction Function(string name) => host.Functions.Single(f => f.Name == name);

        public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? token, string? body = null, bool isChunked = false)
        {
            using var request = new HttpRequestMessage(method, new Uri(new Uri("http://functions.test"), path));
            request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            request.Headers.TransferEncodingChunked = isChunked;
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            return await host.SendAsync(request);
        }

        public async Task ExecuteAsync(string sql)
        {
            await using var command = installation.Control.CreateCommand(sql);
            await command.ExecuteNonQueryAsync();
        }

        /// <summary>Holds up everything that looks at a table, until it is disposed.</summary>
        public async Task<IAsyncDisposable> LockAsync(string table)
        {
            var connection = await installation.Control.OpenConnectionAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = $"begin; lock table {table} in access exclusive mode";
            await command.ExecuteNonQueryAsync();
            return connection;
        }

        /// <summary>Waits until so many activities are with a worker.</summary>
        public Task LeasedAsync(int count) => Testing.Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from durable.activities where available_at > now()") == count,
            Limit, $"{count} activities are leased\n{output}");

        public async ValueTask DisposeAsync()
        {
            await host.DisposeAsync();
            await installation.DisposeAsync();
        }
    }
}
