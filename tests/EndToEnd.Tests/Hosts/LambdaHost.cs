using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>
/// The deployed folder under a real Runtime API. What feeds it cannot be had here and is ours: API Gateway (payload 2.0) and
/// the event source mapping, which takes messages from a real queue in batches and deletes those that did not fail.
/// </summary>
/// <remarks>Shapes: docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html.</remarks>
internal sealed class LambdaHost : HostUnderTest
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);
    private static readonly string[] Queues = ["billing", "pump"];

    private readonly string _folder;
    private readonly ChildOutput _output = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _mappings = [];
    private volatile LambdaRuntime? _runtime;

    private LambdaHost(Installation installation, IQueueBroker broker, string folder)
        : base(installation, broker.Open("billing"))
    {
        _folder = folder;
        Api = new Api(Address, new Gateway(this));
    }

    public override Api Api { get; }

    public static async Task<HostUnderTest> StartAsync(Installation installation, IQueueBroker broker)
    {
        installation.Settings["Hosting:Kind"] = "lambda";
        var host = new LambdaHost(installation, broker, await PublishedHost.ForLambdaAsync());
        await host.StartAsync();
        // The first call makes the schema, which the tests look at; on a busy machine it may be ended before it has.
        await Eventually.UntilAsync(host.Api.IsReadyAsync, Timeout, "the host is ready");
        foreach (var name in Queues)
        {
            await broker.Open(name).CreateAsync(default);
            await broker.Open($"{name}-poison").CreateAsync(default);
            host._mappings.Add(host.MapAsync(name, broker.Open(name)));
        }

        return host;
    }

    public override async Task TickAsync(string timer)
    {
        // What EventBridge Scheduler puts for <aws.scheduler.scheduled-time>.
        var time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var answer = await InvokeAsync(new JsonObject { ["bibind"] = new JsonObject { ["timer"] = timer, ["scheduledFor"] = time } });
        Assert.True(answer.Error is null, answer.Payload);
    }

    public override async Task KillAsync()
    {
        await _runtime!.DisposeAsync();
        await StartAsync();
    }

    public override string Output() => _output.ToString();

    public override async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_mappings);
        await _runtime!.DisposeAsync();
        Api.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Invokes the function.</summary>
    public Task<LambdaAnswer> InvokeAsync(JsonObject @event) => _runtime!.InvokeAsync(@event.ToJsonString());

    private async Task StartAsync() => _runtime = await LambdaRuntime.StartAsync(
        _folder,
        Installation.Settings.ToDictionary(s => s.Key.Replace(":", "__", StringComparison.Ordinal), s => s.Value),
        Timeout,
        _output);

    private async Task MapAsync(string name, IBrokerQueue queue)
    {
        while (!_stopping.IsCancellationRequested)
        {
            var batch = await queue.ReceiveAsync(10, Timeout * 2, default);
            if (batch.Count > 0)
            {
                await DeliverAsync(name, queue, batch);
            }
        }
    }

    private async Task DeliverAsync(string name, IBrokerQueue queue, IReadOnlyList<BrokerMessage> batch)
    {
        HashSet<string> failed = [];
        if (!(LosesWakeUps && name == "pump"))
        {
            var records = batch.Select(m => (JsonNode)new JsonObject
            {
                ["messageId"] = m.Id,
                ["receiptHandle"] = m.Receipt,
                ["body"] = m.Body,
                ["attributes"] = new JsonObject { ["ApproximateReceiveCount"] = m.Attempt.ToString(CultureInfo.InvariantCulture) },
                ["messageAttributes"] = new JsonObject(),
                ["eventSource"] = "aws:sqs",
                ["eventSourceARN"] = $"arn:aws:sqs:eu-west-3:123456789012:bibind-{name}",
                ["awsRegion"] = "eu-west-3",
            });
            var answer = await InvokeAsync(new JsonObject { ["Records"] = new JsonArray([.. records]) });
            failed = answer.Error is null
                ? [.. JsonNode.Parse(answer.Payload)!["batchItemFailures"]!.AsArray().Select(f => f!["itemIdentifier"]!.GetValue<string>())]
                : [.. batch.Select(m => m.Id)];
            if (answer.Error is not null)
            {
                _output.Keep($"[mapping] {name} failed: {answer.Payload}");
                // The queue's own visibility timeout is minutes; a test need not wait for it.
                await Task.WhenAll(batch.Select(m => queue.HideAsync(m, TimeSpan.FromSeconds(1), default)));
            }
        }

        await Task.WhenAll(batch.Where(m => !failed.Contains(m.Id)).Select(m => queue.DeleteAsync(m, default)));
    }

    // Payload format 2.0, there and back.
    private sealed class Gateway(LambdaHost host) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var headers = new JsonObject();
            foreach (var header in request.Headers.Concat(request.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>()))
            {
                headers[header.Key.ToLowerInvariant()] = string.Join(',', header.Value);
            }

            var body = request.Content is null ? null : await request.Content.ReadAsByteArrayAsync(cancellationToken);
            var address = request.RequestUri!;
            var answer = await host.InvokeAsync(new JsonObject
            {
                ["version"] = "2.0",
                ["routeKey"] = "$default",
                ["rawPath"] = address.AbsolutePath,
                ["rawQueryString"] = address.Query.TrimStart('?'),
                ["headers"] = headers,
                ["requestContext"] = new JsonObject
                {
                    ["stage"] = "$default",
                    ["http"] = new JsonObject { ["method"] = request.Method.Method, ["path"] = address.AbsolutePath, ["sourceIp"] = "203.0.113.7" },
                },
                ["body"] = body is null ? null : Convert.ToBase64String(body),
                ["isBase64Encoded"] = body is not null,
            });
            if (answer.Error is not null)
            {
                return new HttpResponseMessage(HttpStatusCode.InternalServerError) { Content = new StringContent(answer.Payload), RequestMessage = request };
            }

            var given = JsonNode.Parse(answer.Payload)!;
            var content = given["body"]!.GetValue<string>();
            var response = new HttpResponseMessage((HttpStatusCode)given["statusCode"]!.GetValue<int>())
            {
                RequestMessage = request,
                Content = new ByteArrayContent(given["isBase64Encoded"]!.GetValue<bool>() ? Convert.FromBase64String(content) : Encoding.UTF8.GetBytes(content)),
            };
            foreach (var (name, value) in given["headers"]!.AsObject())
            {
                _ = response.Headers.TryAddWithoutValidation(name, value!.GetValue<string>())
                    || response.Content.Headers.TryAddWithoutValidation(name, value!.GetValue<string>());
            }

            return response;
        }
    }
}
