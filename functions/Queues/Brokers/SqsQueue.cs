using System.Globalization;
using Amazon.SQS;
using Amazon.SQS.Model;

namespace Bibind.Functions.Queues.Brokers;

/// <summary>A queue of SQS.</summary>
internal sealed class SqsQueue : IBrokerQueue
{
    private const int ParallelDeletions = 4;
    private const string ReceiveCount = "ApproximateReceiveCount";
    private const string SentTimestamp = "SentTimestamp";
    private const string Seen = "ApproximateNumberOfMessages";
    private const string Hidden = "ApproximateNumberOfMessagesNotVisible";
    private static readonly TimeSpan LongestHiding = TimeSpan.FromHours(12);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(15);
    private readonly AmazonSQSClient _client;
    private readonly SqsSettings _settings;
    private readonly string _address;
    private readonly Batches<BrokerMessage> _deletions;

    public SqsQueue(AmazonSQSClient client, SqsSettings settings, string queue)
    {
        _client = client;
        _settings = settings;
        _address = settings.QueueUrlPrefix + queue;
        // Whatever comes before the queue's name in the last part of the address belongs to the name that SQS knows.
        Name = new Uri(_address).Segments[^1];
        _deletions = new Batches<BrokerMessage>(LargestBatch, ParallelDeletions, DeleteAsync);
    }

    public string Name { get; }

    public int LargestBatch => 10;

    // SQS waits itself, unless it was told not to; whatever stands in its place must not make us spin.
    public TimeSpan LongestPause => TimeSpan.FromMilliseconds(_settings.WaitTime > TimeSpan.Zero ? 20 : 1000);

    public Task CreateAsync(CancellationToken cancellationToken) => CallAsync(token => _client.CreateQueueAsync(Name, token), cancellationToken);

    public async Task<bool> ExistsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CallAsync(token => _client.GetQueueUrlAsync(Name, token), cancellationToken);
            return true;
        }
        catch (QueueDoesNotExistException)
        {
            return false;
        }
        catch (AmazonSQSException)
        {
            // Whoever may send and receive need not be allowed to ask.
            return true;
        }
    }

    public async Task<long?> CountAsync(CancellationToken cancellationToken)
    {
        try
        {
            var answer = await CallAsync(token => _client.GetQueueAttributesAsync(_address, [Seen, Hidden], token), cancellationToken);
            return answer.ApproximateNumberOfMessages + answer.ApproximateNumberOfMessagesNotVisible;
        }
        catch (QueueDoesNotExistException)
        {
            return 0;
        }
        catch (AmazonSQSException)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, bool mayWait, CancellationToken cancellationToken)
    {
        var request = new ReceiveMessageRequest
        {
            QueueUrl = _address,
            MaxNumberOfMessages = most,
            VisibilityTimeout = Seconds(lease),
            WaitTimeSeconds = mayWait ? Seconds(_settings.WaitTime) : 0,
            MessageSystemAttributeNames = [ReceiveCount, SentTimestamp],
        };
        var answer = await CallAsync(token => _client.ReceiveMessageAsync(request, token), cancellationToken, mayWait ? _settings.WaitTime : TimeSpan.Zero);
        return [.. (answer.Messages ?? []).Select(Read)];
    }

    public async Task HideAsync(BrokerMessage message, TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            var seconds = Seconds(time < LongestHiding ? time : LongestHiding);
            await CallAsync(token => _client.ChangeMessageVisibilityAsync(_address, message.Receipt, seconds, token), cancellationToken);
        }
        catch (AmazonSQSException refused) when (IsAboutReceipt(refused.ErrorCode))
        {
            throw Lost(message, refused);
        }
    }

    public Task DeleteAsync(BrokerMessage message, CancellationToken cancellationToken) => _deletions.AddAsync(message).WaitAsync(cancellationToken);

    public async Task SendAsync(string body, TimeSpan delay, CancellationToken cancellationToken)
    {
        var request = new SendMessageRequest(_address, body) { DelaySeconds = Seconds(delay < LongestDelay ? delay : LongestDelay) };
        try
        {
            await CallAsync(token => _client.SendMessageAsync(request, token), cancellationToken);
        }
        catch (AmazonSQSException refused) when (IsAboutSize(refused))
        {
            throw new MessageTooLargeException("SQS carries no message of that size.", refused);
        }
    }

    public Task ForwardAsync(BrokerMessage message, CancellationToken cancellationToken) => SendAsync(message.Raw, TimeSpan.Zero, cancellationToken);

    private async Task<IReadOnlyList<Exception?>> DeleteAsync(IReadOnlyList<BrokerMessage> messages)
    {
        List<DeleteMessageBatchRequestEntry> entries =
            [.. messages.Select((m, i) => new DeleteMessageBatchRequestEntry(i.ToString(CultureInfo.InvariantCulture), m.Receipt))];
        var answer = await CallAsync(token => _client.DeleteMessageBatchAsync(_address, entries, token), CancellationToken.None);
        var failures = new Exception?[messages.Count];
        foreach (var entry in answer.Failed ?? [])
        {
            var index = int.Parse(entry.Id, CultureInfo.InvariantCulture);
            var failure = new AmazonSQSException(entry.Message) { ErrorCode = entry.Code };
            failures[index] = IsAboutReceipt(entry.Code) ? Lost(messages[index], failure) : failure;
        }

        return failures;
    }

    // The client's own limit has to leave room for the longest poll, which is too long for everything else.
    private static async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, TimeSpan waits = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SqsBroker.CallLimit + waits);
        try
        {
            return await call(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"SQS did not answer within {(SqsBroker.CallLimit + waits).TotalSeconds:0} s.");
        }
    }

    private static BrokerMessage Read(Message message)
    {
        var attributes = message.Attributes ?? new Dictionary<string, string>();
        return new BrokerMessage(
            message.MessageId, message.Body, message.Body,
            int.TryParse(attributes.GetValueOrDefault(ReceiveCount), NumberStyles.None, CultureInfo.InvariantCulture, out var attempt) ? Math.Max(1, attempt) : 1)
        {
            Receipt = message.ReceiptHandle,
            InsertedAt = long.TryParse(attributes.GetValueOrDefault(SentTimestamp), NumberStyles.None, CultureInfo.InvariantCulture, out var sent)
                ? DateTimeOffset.FromUnixTimeMilliseconds(sent) : null,
        };
    }

    private static MessageLeaseLostException Lost(BrokerMessage message, AmazonSQSException refused) =>
        new($"Message '{message.Id}' is with somebody else, or gone.", refused);

    private static bool IsAboutReceipt(string? code) => Short(code) is "ReceiptHandleIsInvalid" or "MessageNotInflight" or "InvalidParameterValue";

    private static bool IsAboutSize(AmazonSQSException refused) =>
        Short(refused.ErrorCode) is "MessageTooLong" || (Short(refused.ErrorCode) is "InvalidParameterValue" && refused.Message.Contains("shorter than", StringComparison.Ordinal));

    // Some codes come with the query protocol's prefix.
    private static string? Short(string? code) => code?[(code.LastIndexOf('.') + 1)..];

    private static int Seconds(TimeSpan time) => (int)Math.Ceiling(Math.Max(0, time.TotalSeconds));
}
