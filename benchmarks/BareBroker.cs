using System.Diagnostics;
using System.Globalization;
using Amazon.Runtime;
using Amazon.SQS;
using Amazon.SQS.Model;
using Azure.Storage.Queues;

namespace Bibind.Benchmarks;

/// <summary>
/// What a broker gives at most: its vendor's client alone, which fills a queue and drains it by loops that receive as many as a call may and delete them,
/// with no code of the product.
/// </summary>
internal sealed class BareBroker : IDisposable
{
    private const int ParallelSends = 32;
    private static readonly int[] Loops = [1, 2, 4, 8];
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private readonly Func<string, Task> _create;
    private readonly Func<string, string, Task> _send;
    private readonly Func<string, Task<int>> _take;
    private readonly IDisposable? _client;

    private BareBroker(Func<string, Task> create, Func<string, string, Task> send, Func<string, Task<int>> take, IDisposable? client) =>
        (_create, _send, _take, _client) = (create, send, take, client);

    /// <summary>Azure's: 32 messages a call, each deleted by a call of its own, all 32 at once.</summary>
    public static BareBroker OfAzure(string connectionString)
    {
        const int Largest = 32;
        var service = new QueueServiceClient(connectionString, new QueueClientOptions
        {
            MessageEncoding = QueueMessageEncoding.Base64,
            Diagnostics = { IsLoggingEnabled = false, IsDistributedTracingEnabled = false },
        });
        return new BareBroker(
            name => service.GetQueueClient(name).CreateIfNotExistsAsync(),
            (name, body) => service.GetQueueClient(name).SendMessageAsync(body),
            async name =>
            {
                var queue = service.GetQueueClient(name);
                var messages = (await queue.ReceiveMessagesAsync(Largest, TimeSpan.FromSeconds(30))).Value;
                await Task.WhenAll(messages.Select(m => queue.DeleteMessageAsync(m.MessageId, m.PopReceipt)));
                return messages.Length;
            },
            null);
    }

    /// <summary>SQS's: 10 messages a call, deleted by one.</summary>
    public static BareBroker OfSqs(string queueUrlPrefix)
    {
        const int Largest = 10;
        var client = new AmazonSQSClient(
            new BasicAWSCredentials("key", "secret"),
            new AmazonSQSConfig { ServiceURL = new Uri(queueUrlPrefix).GetLeftPart(UriPartial.Authority), AuthenticationRegion = "elasticmq" });
        return new BareBroker(
            name => client.CreateQueueAsync(name),
            (name, body) => client.SendMessageAsync(queueUrlPrefix + name, body),
            async name =>
            {
                var address = queueUrlPrefix + name;
                var answer = await client.ReceiveMessageAsync(new ReceiveMessageRequest(address) { MaxNumberOfMessages = Largest, VisibilityTimeout = 30 });
                if (answer.Messages is not { Count: > 0 } messages)
                {
                    return 0;
                }

                await client.DeleteMessageBatchAsync(
                    address,
                    [.. messages.Select((m, i) => new DeleteMessageBatchRequestEntry(i.ToString(CultureInfo.InvariantCulture), m.ReceiptHandle))]);
                return messages.Count;
            },
            client);
    }

    /// <summary>Drains as many messages with the best number of loops, which is tried out with fewer.</summary>
    /// <param name="name">What the queues' names begin with.</param>
    /// <param name="body">The message.</param>
    /// <param name="count">How many.</param>
    /// <param name="processes">Whose processor time is told.</param>
    /// <returns>Messages a second, and in words how they were reached.</returns>
    public async Task<(double Rate, string How)> DrainAsync(string name, string body, int count, (string Name, int[] Processes)[] processes)
    {
        var best = (Loops: 0, Rate: 0.0);
        foreach (var loops in Loops)
        {
            var tried = await DrainAsync($"{name}-{loops}", body, count / 5, loops);
            best = tried > best.Rate ? (loops, tried) : best;
        }

        var used = string.Empty;
        var rate = await DrainAsync($"{name}-best", body, count, best.Loops, () => new ProcessorTime(processes), (before, seconds) => used = before.Describe(seconds, count));
        return (rate, string.Create(CultureInfo.InvariantCulture, $"best of {string.Join(", ", Loops)} loops: {best.Loops}; {used}"));
    }

    public void Dispose() => _client?.Dispose();

    private async Task<double> DrainAsync(
        string name, string body, int count, int loops, Func<ProcessorTime>? begin = null, Action<ProcessorTime, double>? end = null)
    {
        await _create(name);
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = ParallelSends }, async (_, _) => await _send(name, body));
        var left = count;
        var seconds = 0.0;
        var before = begin?.Invoke();
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, loops).Select(async _ =>
        {
            while (Volatile.Read(ref left) > 0)
            {
                if (await _take(name) is var taken and > 0 && Interlocked.Add(ref left, -taken) == 0)
                {
                    // The other loops may be waiting in vain by now, which is not counted.
                    seconds = watch.Elapsed.TotalSeconds;
                }
            }
        })).WaitAsync(Limit);
        if (before is not null)
        {
            end?.Invoke(before, seconds);
        }

        return count / seconds;
    }
}
