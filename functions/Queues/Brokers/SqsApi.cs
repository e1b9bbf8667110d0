using System.Net.Http.Headers;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Bibind.Activities.Services;

namespace Bibind.Functions.Queues.Brokers;

/// <summary>SQS's query protocol: a signed form goes in, XML comes out.</summary>
internal sealed class SqsApi(SqsSettings settings, TimeProvider time) : IDisposable
{
    private const string ApiVersion = "2012-11-05";
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);

    // An address that moves is found again after a while.
    private readonly HttpClient _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(5), AllowAutoRedirect = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Calls an action.</summary>
    /// <param name="waits">How long the broker itself may let us wait, besides.</param>
    /// <exception cref="SqsException">SQS refused, in its words.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    public async Task<XElement> CallAsync(
        Uri address, string action, IEnumerable<KeyValuePair<string, string>> parameters, CancellationToken cancellationToken, TimeSpan waits = default)
    {
        var body = Encode([new("Action", action), new("Version", ApiVersion), .. parameters]);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded", "utf-8");
        AwsSignature.Sign(request, body, settings.Credentials, settings.Region, "sqs", time.GetUtcNow());

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CallLimit + waits);
        try
        {
            using var response = await _http.SendAsync(request, limit.Token);
            var text = await response.Content.ReadAsStringAsync(limit.Token);
            return response.IsSuccessStatusCode ? Parse(text) ?? throw Unreadable(response) : throw Refusal(response, text);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"SQS did not answer {action} within {(CallLimit + waits).TotalSeconds:0} s.");
        }
    }

    /// <summary>The text of a member, wherever its namespace is.</summary>
    public static string? Text(XElement parent, string name) => parent.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value;

    public void Dispose() => _http.Dispose();

    private static byte[] Encode(IEnumerable<KeyValuePair<string, string>> parameters) =>
        Encoding.ASCII.GetBytes(string.Join('&', parameters.Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}")));

    private static SqsException Refusal(HttpResponseMessage response, string text)
    {
        var error = Parse(text)?.DescendantsAndSelf().FirstOrDefault(e => e.Name.LocalName == "Error");
        return error is null ? Unreadable(response) : new SqsException(Text(error, "Code") ?? "Unknown", Text(error, "Message") ?? "No reason was given.");
    }

    private static SqsException Unreadable(HttpResponseMessage response) =>
        new("Unreadable", $"An answer with status {(int)response.StatusCode} and {response.Content.Headers.ContentType?.MediaType ?? "no media type"} that cannot be read.");

    private static XElement? Parse(string text)
    {
        try
        {
            using var reader = XmlReader.Create(
                new StringReader(text), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, CheckCharacters = false });
            return XElement.Load(reader);
        }
        catch (XmlException)
        {
            return null;
        }
    }
}

/// <summary>SQS refused a call.</summary>
internal sealed class SqsException(string code, string words) : Exception($"SQS refused ({code}): {words}")
{
    /// <summary>SQS's code, without the prefix that some queues put before it.</summary>
    public string Code { get; } = code[(code.LastIndexOf('.') + 1)..];

    /// <summary>True if the message is not ours any more.</summary>
    public bool IsAboutReceipt => Code is "ReceiptHandleIsInvalid" or "MessageNotInflight" or "InvalidParameterValue";

    /// <summary>True if there is no such queue.</summary>
    public bool IsAboutExistence => Code is "NonExistentQueue" or "QueueDoesNotExist";

    /// <summary>True if the body is longer than SQS takes.</summary>
    public bool IsAboutSize => Code is "MessageTooLong" or "BatchRequestTooLong" || (Code == "InvalidParameterValue" && Message.Contains("shorter than", StringComparison.Ordinal));
}
