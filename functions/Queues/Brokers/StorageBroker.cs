using System.Net;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace Bibind.Functions.Queues.Brokers;

/// <summary>Azure Storage queues.</summary>
/// <param name="settings">Where they are.</param>
/// <param name="identity">Who the host is, where <see cref="StorageQueueSettings.ServiceUri"/> is set.</param>
internal sealed class StorageBroker(StorageQueueSettings settings, TokenCredential? identity = null) : IQueueBroker
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);

    // What goes over the wire is read and written here, so that a message in a wrong encoding is one message's problem.
    private static readonly QueueClientOptions Options = new()
    {
        MessageEncoding = QueueMessageEncoding.None,
        Retry = { MaxRetries = 1, Delay = TimeSpan.FromMilliseconds(200), NetworkTimeout = CallLimit },
        Diagnostics = { IsLoggingEnabled = false, IsDistributedTracingEnabled = false },
    };

    private readonly QueueServiceClient _service = settings.ServiceUri is { } address
        ? new QueueServiceClient(address, identity, Options)
        : new QueueServiceClient(settings.ConnectionString, Options);

    public const string BrokerName = "azure-storage";

    public string Name => BrokerName;

    public IBrokerQueue Open(string queue) => new StorageQueue(_service.GetQueueClient(queue), settings);
}

/// <summary>A queue of Azure Storage.</summary>
internal sealed class StorageQueue(QueueClient client, StorageQueueSettings settings) : IBrokerQueue
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly TimeSpan Forever = TimeSpan.FromSeconds(-1);
    private static readonly TimeSpan LongestHiding = TimeSpan.FromDays(7);

    public string Name => client.Name;

    public int LargestBatch => 32;

    public TimeSpan LongestPause => settings.LongestPause;

    public Task CreateAsync(CancellationToken cancellationToken) => client.CreateIfNotExistsAsync(cancellationToken: cancellationToken);

    public async Task<bool> ExistsAsync(CancellationToken cancellationToken) => await client.ExistsAsync(cancellationToken);

    public async Task<long?> CountAsync(CancellationToken cancellationToken) =>
        await client.ExistsAsync(cancellationToken) ? (await client.GetPropertiesAsync(cancellationToken)).Value.ApproximateMessagesCountLong : 0;

    public async Task<IReadOnlyList<BrokerMessage>> ReceiveAsync(int most, TimeSpan lease, bool mayWait, CancellationToken cancellationToken)
    {
        var answer = await client.ReceiveMessagesAsync(most, lease, cancellationToken);
        return [.. answer.Value.Select(Read)];
    }

    public async Task HideAsync(BrokerMessage message, TimeSpan time, CancellationToken cancellationToken)
    {
        try
        {
            // No text: it stays as it is.
            var answer = await client.UpdateMessageAsync(
                message.Id, message.Receipt, messageText: null, time < LongestHiding ? time : LongestHiding, cancellationToken);
            message.Receipt = answer.Value.PopReceipt;
        }
        catch (RequestFailedException gone) when (IsLost(gone))
        {
            throw Lost(message, gone);
        }
    }

    public async Task DeleteAsync(BrokerMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteMessageAsync(message.Id, message.Receipt, cancellationToken);
        }
        catch (RequestFailedException gone) when (IsLost(gone))
        {
            throw Lost(message, gone);
        }
    }

    public Task SendAsync(string body, TimeSpan delay, CancellationToken cancellationToken) =>
        SendRawAsync(settings.Base64 ? Convert.ToBase64String(Strict.GetBytes(body)) : body, delay, cancellationToken);

    public Task ForwardAsync(BrokerMessage message, CancellationToken cancellationToken) =>
        message.Body is { } body ? SendAsync(body, TimeSpan.Zero, cancellationToken) : SendRawAsync(message.Raw, TimeSpan.Zero, cancellationToken);

    // Without a time to live the service would delete it after seven days, whatever became of it.
    private async Task SendRawAsync(string text, TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendMessageAsync(text, delay == TimeSpan.Zero ? null : delay, Forever, cancellationToken);
        }
        catch (RequestFailedException refused) when (
            refused.Status == (int)HttpStatusCode.RequestEntityTooLarge || refused.ErrorCode is "RequestBodyTooLarge" or "MessageTooLarge")
        {
            throw new MessageTooLargeException("The storage queue carries 64 KiB at most.", refused);
        }
        catch (ArgumentException refused) when (text.Length > client.MessageMaxBytes)
        {
            throw new MessageTooLargeException("The storage queue carries 64 KiB at most.", refused);
        }
    }

    private BrokerMessage Read(Azure.Storage.Queues.Models.QueueMessage message)
    {
        var raw = message.MessageText ?? string.Empty;
        var (body, problem) = settings.Base64 ? Decode(raw) : (raw, null);
        return new BrokerMessage(message.MessageId, raw, body, (int)Math.Min(message.DequeueCount, int.MaxValue))
        {
            Receipt = message.PopReceipt,
            Problem = problem,
            InsertedAt = message.InsertedOn,
        };
    }

    private static (string? Body, string? Problem) Decode(string raw)
    {
        try
        {
            return (Strict.GetString(Convert.FromBase64String(raw)), null);
        }
        catch (FormatException)
        {
            return (null, "It is not Base64, as Queues__AzureStorage__MessageEncoding wants it.");
        }
        catch (DecoderFallbackException)
        {
            return (null, "Its Base64 does not hold text in UTF-8.");
        }
    }

    private static bool IsLost(RequestFailedException failure) =>
        failure.ErrorCode == QueueErrorCode.MessageNotFound || failure.ErrorCode == QueueErrorCode.PopReceiptMismatch;

    private static MessageLeaseLostException Lost(BrokerMessage message, Exception cause) =>
        new($"Message '{message.Id}' is with somebody else, or gone.", cause);
}
