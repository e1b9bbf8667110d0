using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Testing.Servers;

/// <summary>
/// Stands before ElasticMQ 0.7, which speaks SQS's query protocol only, while AWS's SDK speaks AWS JSON 1.0: it translates calls,
/// answers and errors of the operations that the product uses. What it does not know fails, so that no test passes by something that SQS would not do.
/// </summary>
internal sealed class ElasticMqFront : IAsyncDisposable
{
    private const string Target = "AmazonSQS.";
    private const string QueueUrl = "QueueUrl";
    private const string WaitTime = "WaitTimeSeconds";
    private const string ApiVersion = "2012-11-05";

    private static readonly Dictionary<string, Operation> Operations = new()
    {
        ["CreateQueue"] = new(["QueueName"], ReadQueue),
        ["GetQueueUrl"] = new(["QueueName"], ReadQueue),
        ["SendMessage"] = new([QueueUrl, "MessageBody", "DelaySeconds"], ReadSent),
        ["ReceiveMessage"] = new([QueueUrl, "MaxNumberOfMessages", "VisibilityTimeout", WaitTime, "MessageSystemAttributeNames"], ReadReceived),
        ["ChangeMessageVisibility"] = new([QueueUrl, "ReceiptHandle", "VisibilityTimeout"], (_, _) => []),
        ["DeleteMessageBatch"] = new([QueueUrl, "Entries"], ReadDeleted),
    };

    private readonly WebApplication _app;
    private readonly HttpClient _http;

    private ElasticMqFront(WebApplication app, HttpClient http) => (_app, _http) = (app, http);

    /// <summary>Listens at one port and passes on to the other, both of 127.0.0.1.</summary>
    public static async Task<ElasticMqFront> StartAsync(int port, int elasticMq)
    {
        var builder = WebApplication.CreateSlimBuilder([string.Create(CultureInfo.InvariantCulture, $"--Urls=http://127.0.0.1:{port}")]);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var http = new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{elasticMq}/")) };
        app.MapPost("/", context => AnswerAsync(context, http));
        await app.StartAsync();
        return new ElasticMqFront(app, http);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private static async Task AnswerAsync(HttpContext context, HttpClient http)
    {
        try
        {
            var target = context.Request.Headers["X-Amz-Target"].ToString();
            var name = target.StartsWith(Target, StringComparison.Ordinal) ? target[Target.Length..] : throw new Refused("UnknownOperationException", $"'{target}' is none of SQS's operations.");
            var operation = Operations.GetValueOrDefault(name) ?? throw new Refused("UnknownOperationException", $"{name} is not translated for ElasticMQ.");
            if (!context.Request.Headers.Authorization.ToString().Contains("/sqs/aws4_request", StringComparison.Ordinal))
            {
                throw new Refused("MissingAuthenticationToken", "The request is not signed for SQS.");
            }

            using var call = await JsonDocument.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            var answer = await CallAsync(http, name, operation, call.RootElement, context.RequestAborted);
            await WriteAsync(context, StatusCodes.Status200OK, operation.Read(answer, call.RootElement));
        }
        catch (Refused refused)
        {
            context.Response.Headers["x-amzn-query-error"] = $"{refused.Code};Sender";
            var type = refused.Code[(refused.Code.LastIndexOf('.') + 1)..];
            await WriteAsync(context, StatusCodes.Status400BadRequest, new JsonObject
            {
                // The same under another name in the newer protocol.
                ["__type"] = $"com.amazonaws.sqs#{(type == "NonExistentQueue" ? "QueueDoesNotExist" : type)}",
                ["message"] = refused.Message,
            });
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for the answer any more.
        }
    }

    private static async Task<XElement> CallAsync(HttpClient http, string name, Operation operation, JsonElement call, CancellationToken cancellationToken)
    {
        using var form = new FormUrlEncodedContent(Translate(name, operation, call));
        form.Headers.ContentType!.CharSet = "utf-8";
        var address = call.TryGetProperty(QueueUrl, out var queue) ? new Uri(queue.GetString()!).AbsolutePath : "/";
        using var response = await http.PostAsync(new Uri(address, UriKind.Relative), form, cancellationToken);
        using var reader = XmlReader.Create(
            new StringReader(await response.Content.ReadAsStringAsync(cancellationToken)), new XmlReaderSettings { CheckCharacters = false });
        var answer = XElement.Load(reader);
        return response.IsSuccessStatusCode ? answer : throw new Refused(Text(Named(answer, "Error").Single(), "Code"), Text(Named(answer, "Error").Single(), "Message"));
    }

    private static IEnumerable<KeyValuePair<string, string>> Translate(string name, Operation operation, JsonElement call)
    {
        yield return new("Action", name);
        yield return new("Version", ApiVersion);
        foreach (var member in call.EnumerateObject())
        {
            if (!operation.Members.Contains(member.Name))
            {
                throw new Refused("InvalidParameterValue", $"{name} with {member.Name} is not translated for ElasticMQ.");
            }

            // The queue is in the address; and no wait, which SQS knows as a wait of nothing, ElasticMQ knows by its absence.
            if (member.Name == QueueUrl || (member.Name == WaitTime && member.Value.GetInt32() == 0))
            {
                continue;
            }

            if (member.Value.ValueKind != JsonValueKind.Array)
            {
                yield return new(member.Name, member.Value.ToString());
                continue;
            }

            var n = 0;
            foreach (var item in member.Value.EnumerateArray())
            {
                n++;
                if (item.ValueKind == JsonValueKind.String)
                {
                    yield return new($"AttributeName.{n}", item.GetString()!);
                    continue;
                }

                foreach (var part in item.EnumerateObject())
                {
                    yield return new($"{name}RequestEntry.{n}.{part.Name}", part.Value.ToString());
                }
            }
        }
    }

    private static JsonObject ReadQueue(XElement answer, JsonElement call) => Pick(answer, QueueUrl);

    private static JsonObject ReadSent(XElement answer, JsonElement call)
    {
        Verify(call.GetProperty("MessageBody").GetString()!, Text(answer, "MD5OfMessageBody"));
        return Pick(answer, "MessageId", "MD5OfMessageBody");
    }

    private static JsonObject ReadReceived(XElement answer, JsonElement call) => new()
    {
        ["Messages"] = new JsonArray([.. Named(answer, "Message").Select(message =>
        {
            Verify(Text(message, "Body"), Text(message, "MD5OfBody"));
            var read = Pick(message, "MessageId", "ReceiptHandle", "Body", "MD5OfBody");
            read["Attributes"] = new JsonObject(Named(message, "Attribute").Select(a => KeyValuePair.Create(Text(a, "Name"), (JsonNode?)Text(a, "Value"))));
            return read;
        })]),
    };

    private static JsonObject ReadDeleted(XElement answer, JsonElement call) => new()
    {
        ["Successful"] = new JsonArray([.. Named(answer, "DeleteMessageBatchResultEntry").Select(e => Pick(e, "Id"))]),
        ["Failed"] = new JsonArray([.. Named(answer, "BatchResultErrorEntry").Select(e => Pick(e, "Id", "Code", "Message"))]),
    };

    private static void Verify(string body, string digest)
    {
#pragma warning disable CA5351 // It is the protocol's, against damage on the way, not against forgers.
        if (Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(body))) != digest)
#pragma warning restore CA5351
        {
            throw new InvalidDataException("ElasticMQ holds another body than the one that was sent.");
        }
    }

    private static JsonObject Pick(XElement parent, params IEnumerable<string> names) =>
        new(names.Select(name => KeyValuePair.Create(name, (JsonNode?)Text(parent, name))));

    private static IEnumerable<XElement> Named(XElement parent, string name) => parent.Descendants().Where(e => e.Name.LocalName == name);

    private static string Text(XElement parent, string name) => Named(parent, name).FirstOrDefault()?.Value ?? string.Empty;

    private static async Task WriteAsync(HttpContext context, int status, JsonObject answer)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/x-amz-json-1.0";
        await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
    }

    /// <summary>An operation: the members that a call may have, and how its answer is read.</summary>
    private sealed record Operation(string[] Members, Func<XElement, JsonElement, JsonObject> Read);

    private sealed class Refused(string code, string message) : Exception(message)
    {
        public string Code => code;
    }
}
