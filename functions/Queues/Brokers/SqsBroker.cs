using Amazon.Runtime;
using Amazon.SQS;

namespace Bibind.Functions.Queues.Brokers;

/// <summary>Amazon SQS, standard queues.</summary>
internal sealed class SqsBroker(SqsSettings settings) : IQueueBroker, IDisposable
{
    private const int Retries = 1;
    private readonly AmazonSQSClient _client = Connect(settings);

    public const string BrokerName = "sqs";

    /// <summary>How long a call may take, beside what a long poll waits.</summary>
    public static TimeSpan CallLimit { get; } = TimeSpan.FromSeconds(15);

    public string Name => BrokerName;

    public IBrokerQueue Open(string queue) => new SqsQueue(_client, settings, queue);

    public void Dispose() => _client.Dispose();

    private static AmazonSQSClient Connect(SqsSettings settings) => new(
        settings.Credentials.ForSdk(),
        new AmazonSQSConfig
        {
            // The queues' own address; the region is what signatures are for.
            ServiceURL = new Uri(settings.QueueUrlPrefix).GetLeftPart(UriPartial.Authority),
            AuthenticationRegion = settings.Region,
            RetryMode = RequestRetryMode.Standard,
            MaxErrorRetry = Retries,
            Timeout = CallLimit + settings.WaitTime,
        });
}
