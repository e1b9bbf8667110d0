using System.Net;
using System.Text.Json.Nodes;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>Events as Lambda brings them, right and wrong: an answer in Lambda's own terms, and never a lost message.</summary>
public sealed class LambdaEventTests
{
    private static readonly Lazy<Task<ElasticMqServer>> Server = new(ElasticMqServer.StartAsync);

    private static readonly (string Event, string Word)[] NotUnderstood =
    [
        ("{}", "neither an HTTP request"),
        ("[1, 2]", "neither an HTTP request"),
        ("null", "neither an HTTP request"),
        ("""{"Records": [{"eventSource": "aws:s3", "messageId": "1"}]}""", "aws:s3"),
        ("""{"Records": [{"eventSource": "aws:sqs", "messageId": "1", "eventSourceARN": "arn:aws:sqs:eu-west-3:1:strangers"}]}""", "strangers"),
        ("""{"bibind": {"timer": "noon"}}""", "noon"),
        ("""{"bibind": {"timer": "keepTimers", "scheduledFor": "at noon"}}""", "at noon"),
        ("""{"detail-type": "Scheduled Event", "resources": ["arn:aws:events:eu-west-3:1:rule/strange"], "time": "2026-01-01T00:00:00Z"}""", "strange"),
        ("""{"requestContext": {"http": {"method": "GET"}}}""", "rawPath"),
        ("""{"requestContext": {"http": {"method": "GET"}}, "rawPath": "/", "body": "?", "isBase64Encoded": true}""", "base64"),
    ];

    [Fact]
    public async Task An_event_that_is_not_understood_is_an_error_in_words()
    {
        await using var installation = await Installation.CreateAsync();
        await using var runtime = await StartAsync(installation, TimeSpan.FromSeconds(30));
        foreach (var (@event, word) in NotUnderstood)
        {
            var answer = await runtime.InvokeAsync(@event);

            Assert.NotNull(answer.Error);
            var error = JsonNode.Parse(answer.Payload)!;
            Assert.Equal("Bibind.UnknownEvent", error["errorType"]!.GetValue<string>());
            Assert.Contains(word, error["errorMessage"]!.GetValue<string>(), StringComparison.Ordinal);
        }

        // It lives on.
        Assert.Equal(200, (await GetAsync(runtime, "/health/live"))["statusCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_batch_answers_exactly_with_what_failed()
    {
        await using var installation = await Installation.CreateAsync();
        await using var runtime = await StartAsync(installation, TimeSpan.FromSeconds(30));
        await RefuseAsync(runtime, installation, "b-3");
        // Created, unreadable (poison, hence done), and one that cannot be recorded.
        var batch = Batch("billing", ("m-1", Created(installation.Code, "b-1")), ("m-2", "?"), ("m-3", Cancelled("nobody", "b-3")));

        var answer = await runtime.InvokeAsync(batch);

        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"m-3"}]}""", answer.Payload);
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.jobs"));
    }

    [Fact]
    public async Task In_a_queue_that_keeps_its_order_nothing_overtakes_what_failed()
    {
        await using var installation = await Installation.CreateAsync();
        await using var runtime = await StartAsync(installation, TimeSpan.FromSeconds(30));
        await RefuseAsync(runtime, installation, "b-2");
        var batch = Batch("billing.fifo", ("m-1", "?"), ("m-2", Cancelled("nobody", "b-2")), ("m-3", Created(installation.Code, "b-3")));

        var answer = await runtime.InvokeAsync(batch);

        Assert.Equal("""{"batchItemFailures":[{"itemIdentifier":"m-2"},{"itemIdentifier":"m-3"}]}""", answer.Payload);
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.jobs"));
    }

    [Fact]
    public async Task A_stage_with_a_name_is_no_part_of_the_path_and_cookies_travel_apart()
    {
        await using var installation = await Installation.CreateAsync();
        await using var runtime = await StartAsync(installation, TimeSpan.FromSeconds(30));
        var request = Request("/live/health/live");
        request["requestContext"]!["stage"] = "live";

        var answer = JsonNode.Parse((await runtime.InvokeAsync(request.ToJsonString())).Payload)!;

        Assert.Equal(200, answer["statusCode"]!.GetValue<int>());
        Assert.Empty(answer["cookies"]!.AsArray());
        Assert.Equal("application/json; charset=utf-8", answer["headers"]!["content-type"]!.GetValue<string>());
        Assert.False(answer["isBase64Encoded"]!.GetValue<bool>());
        Assert.Equal(404, (await GetAsync(runtime, "/no/such/thing"))["statusCode"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_call_without_time_left_says_so_and_loses_nothing()
    {
        await using var installation = await Installation.CreateAsync();
        await using var runtime = await StartAsync(installation, TimeSpan.FromMilliseconds(200));

        var answer = await runtime.InvokeAsync(Batch("billing", ("m-1", Created(installation.Code, "b-1"))));

        Assert.Equal("Bibind.DeadlineExpired", JsonNode.Parse(answer.Payload)!["errorType"]!.GetValue<string>());
    }

    [Fact]
    public async Task Wrong_settings_are_an_error_of_the_start_that_names_them()
    {
        await using var installation = await Installation.CreateAsync();
        installation.Settings["Worker:LeaseDuration"] = "soon";
        await using var runtime = await StartAsync(installation, TimeSpan.FromSeconds(30));

        var answer = await runtime.InvokeAsync("{}");

        Assert.Contains("Worker__LeaseDuration", answer.Payload, StringComparison.Ordinal);
        Assert.Contains("Bibind.CannotStart", answer.Payload, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_answered_with_the_status_and_the_problem_that_every_host_gives()
    {
        await using var installation = await Installation.CreateAsync();
        await using var runtime = await StartAsync(installation, TimeSpan.FromSeconds(30));

        var answer = await GetAsync(runtime, "/api/tenants");

        Assert.Equal((int)HttpStatusCode.Unauthorized, answer["statusCode"]!.GetValue<int>());
        Assert.Equal("application/problem+json", answer["headers"]!["content-type"]!.GetValue<string>());
        Assert.Equal("/problems/unauthorized", JsonNode.Parse(answer["body"]!.GetValue<string>())!["type"]!.GetValue<string>());
    }

    // The first call waits until the host has started, and made the tables.
    private static async Task RefuseAsync(LambdaRuntime runtime, Installation installation, string id)
    {
        await GetAsync(runtime, "/health/live");
        await using var refuse = installation.Control.CreateCommand(
            $"""
            create function refuse_it() returns trigger language plpgsql as $$ begin raise exception 'not now'; end $$;
            create trigger refuse_it before insert on control.billing_inbox for each row when (new.id = '{id}') execute function refuse_it()
            """);
        await refuse.ExecuteNonQueryAsync();
    }

    private static async Task<LambdaRuntime> StartAsync(Installation installation, TimeSpan timeout)
    {
        await Brokers.SqsAsync(installation, await Server.Value);
        installation.Settings["Hosting:Kind"] = "lambda";
        var settings = installation.Settings.ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value);
        return await LambdaRuntime.StartAsync(await PublishedHost.ForLambdaAsync(), settings, timeout, new ChildOutput());
    }

    private static async Task<JsonNode> GetAsync(LambdaRuntime runtime, string path) =>
        JsonNode.Parse((await runtime.InvokeAsync(Request(path).ToJsonString())).Payload)!;

    private static JsonObject Request(string path) => new()
    {
        ["version"] = "2.0",
        ["rawPath"] = path,
        ["rawQueryString"] = string.Empty,
        ["headers"] = new JsonObject { ["host"] = "functions.test" },
        ["requestContext"] = new JsonObject { ["stage"] = "$default", ["http"] = new JsonObject { ["method"] = "GET", ["path"] = path } },
        ["isBase64Encoded"] = false,
    };

    private static string Batch(string queue, params (string Id, string Body)[] messages) => new JsonObject
    {
        ["Records"] = new JsonArray([.. messages.Select(m => new JsonObject
        {
            ["messageId"] = m.Id,
            ["receiptHandle"] = $"receipt-{m.Id}",
            ["body"] = m.Body,
            ["attributes"] = new JsonObject { ["ApproximateReceiveCount"] = "1" },
            ["eventSource"] = "aws:sqs",
            ["eventSourceARN"] = $"arn:aws:sqs:eu-west-3:123456789012:bibind-{queue}",
        })]),
    }.ToJsonString();

    private static string Created(string code, string id) =>
        $$$"""
        {"billing": {"id": "{{{id}}}", "type": "subscription.created", "tenant": "{{{code}}}", "sequence": 1, "occurredAt": "2026-03-01T09:30:00Z",
          "data": {"offer": "odoo-shared", "name": "Anna", "plan": "starter", "template": "blank"} } }
        """;

    private static string Cancelled(string code, string id) =>
        $$$"""{"billing": {"id": "{{{id}}}", "type": "subscription.cancelled", "tenant": "{{{code}}}", "sequence": 1, "occurredAt": "2026-03-01T09:30:00Z", "data": {} } }""";
}
