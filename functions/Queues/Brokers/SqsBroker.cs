using System.Globalization;
using System.Xml.Linq;

namespace Bibind.Functions.Queues.Brokers;

/// <summary>Amazon SQS, standard queues.</summary>
internal sealed class SqsBroker(SqsSettings settings, TimeProvider time) : IQueueBroker, IDisposable
{
    private readonly SqsApi _api = new(settings, time);

    public const string BrokerName = "sqs";

    public string Name => BrokerName;

    public IBrokerQueue Open(string queue) => new SqsQueue(_api, settings, queue);

    public void Dispose() => _api.Dispose();
}

/// <summary>A queue of SQS.</summary>
internal sealed class SqsQueue : IBrokerQueue
{
    private const int ParallelDeletions = 4;
    private static readonly TimeSpan LongestHiding = TimeSpan.FromHours(12);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(15);
    private readonly SqsApi _api;
    private readonly SqsSettings _settings;
    private readonly Uri _address;
    private readonly Batches<BrokerMessage> _deletions;

    public SqsQueue(SqsApi api, SqsSettings settings, string queue)
    {
        _api = api;
        _settings = settings;
        _address = new Uri(settings.QueueUrlPrefix + queue);
        // Whatever comes before the queue's name in the last part of the address belongs to the name that SQS knows.
        Name = _address.Segments[^1];
        _deletions = new Batches<BrokerMessage>(LargestBatch, ParallelDeletions, DeleteAsync);
    }

    public string Name { get; }

    public int LargestBatch => 10;

    // SQS waits itself, unless it was told not to; whatever stands in its place must not make us spin.
    public TimeSpan LongestPause => TimeSpan.FromMilliseconds(_settings.WaitTime > TimeSpan.Zero ? 20 : 1000);

    public Task CreateAsync(CancellationToken cancellationToken) =>
        _api.CallAsync(new Uri(_address, "/"), "CreateQueue", [new("QueueName", Name)], cancellationToken);

    public async Task<bool> ExistsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _api.CallAsync(new Uri(_address, "/"), "GetQueueUrl", [new("QueueName", Name)], cancellationToken);
            return true;
        }
        catch (SqsException refused) when (refused.IsAboutExistence)
        {
            return false;
        }
        catch (SqsException)
        {
            // Whoever may send and receive need not be allowed to ask.
            return true;
        }
    }

    public async Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, bool mayWait, CancellationToken cancellationToken)
    {
        List<KeyValuePair<string, string>> form =
            [new("MaxNumberOfMessages", Number(most)), new("VisibilityTimeout", Seconds(lease)), new("AttributeName.1", "ApproximateReceiveCount"), new("AttributeName.2", "SentTimestamp")];
        if (mayWait && _settings.WaitTime > TimeSpan.Zero)
        {
            form.Add(new("WaitTimeSeconds", Seconds(_settings.WaitTime)));
        }

        var answer = await _api.CallAsync(_address, "ReceiveMessage", form, cancellationToken, _settings.WaitTime);
        return [.. answer.Descendants().Where(e => e.Name.LocalName == "Message").Select(Read)];
    }

    public async Task HideAsync(BrokerMessage message, TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            await _api.CallAsync(
                _address, "ChangeMessageVisibility",
                [new("ReceiptHandle", message.Receipt), new("VisibilityTimeout", Seconds(time < LongestHiding ? time : LongestHiding))],
                cancellationToken);
        }
        catch (SqsException refused) when (refused.IsAboutReceipt)
        {
            throw new LeaseLostException($"Message '{message.Id}' is with somebody else, or gone.", refused);
        }
    }

    public Task DeleteAsync(BrokerMessage message, CancellationToken cancellationToken) => _deletions.AddAsync(message).WaitAsync(cancellationToken);

    public async Task SendAsync(string body, TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await _api.CallAsync(
                _address, "SendMessage",
                [new("MessageBody", body), new("DelaySeconds", Seconds(delay < LongestDelay ? delay : LongestDelay))],
                cancellationToken);
        }
        catch (SqsException refused) when (refused.IsAboutSize)
        {
            throw new MessageTooLargeException("SQS carries no message of that size.", refused);
        }
    }

    public Task ForwardAsync(BrokerMessage message, CancellationToken cancellationToken) => SendAsync(message.Raw, TimeSpan.Zero, cancellationToken);

    private async Task<IReadOnlyList<Exception?>> DeleteAsync(IReadOnlyList<BrokerMessage> messages)
    {
        var form = new List<KeyValuePair<string, string>>(messages.Count * 2);
        for (var i = 0; i < messages.Count; i++)
        {
            form.Add(new($"DeleteMessageBatchRequestEntry.{i + 1}.Id", Number(i)));
            form.Add(new($"DeleteMessageBatchRequestEntry.{i + 1}.ReceiptHandle", messages[i].Receipt));
        }

        var answer = await _api.CallAsync(_address, "DeleteMessageBatch", form, CancellationToken.None);
        var failures = new Exception?[messages.Count];
        foreach (var entry in answer.Descendants().Where(e => e.Name.LocalName == "BatchResultErrorEntry"))
        {
            var index = int.Parse(SqsApi.Text(entry, "Id") ?? "0", CultureInfo.InvariantCulture);
            var failure = new SqsException(SqsApi.Text(entry, "Code") ?? "Unknown", SqsApi.Text(entry, "Message") ?? "No reason was given.");
            failures[index] = failure.IsAboutReceipt
                ? new LeaseLostException($"Message '{messages[index].Id}' is with somebody else, or gone.", failure)
                : failure;
        }

        return failures;
    }

    private static BrokerMessage Read(XElement message)
    {
        var body = SqsApi.Text(message, "Body") ?? string.Empty;
        return new BrokerMessage(
            SqsApi.Text(message, "MessageId") ?? string.Empty, body, body,
            int.TryParse(Attribute(message, "ApproximateReceiveCount"), NumberStyles.None, CultureInfo.InvariantCulture, out var attempt) ? Math.Max(1, attempt) : 1)
        {
            Receipt = SqsApi.Text(message, "ReceiptHandle") ?? string.Empty,
            InsertedAt = long.TryParse(Attribute(message, "SentTimestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var sent)
                ? DateTimeOffset.FromUnixTimeMilliseconds(sent) : null,
        };
    }

    private static string? Attribute(XElement message, string name) =>
        message.Elements().Where(e => e.Name.LocalName == "Attribute" && SqsApi.Text(e, "Name") == name).Select(e => SqsApi.Text(e, "Value")).FirstOrDefault();

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => Number((int)Math.Ceiling(Math.Max(0, time.TotalSeconds)));
}
