using System.Text.RegularExpressions;
using Azure.Storage.Queues;
using Bibind.Activities.Services;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Settings;

namespace Bibind.Functions.Queues;

/// <summary>Settings <c>Queues:*</c>.</summary>
internal sealed partial record QueueSettings
{
    /// <summary>Null if this host knows no Azure Storage queues.</summary>
    public StorageQueueSettings? Storage { get; init; }

    /// <summary>Null if this host knows no SQS.</summary>
    public SqsSettings? Sqs { get; init; }

    /// <summary>False on hosts that send messages but leave it to others to handle them.</summary>
    public bool Consume { get; init; } = true;

    /// <summary>Whether queues that are missing are created.</summary>
    public bool CreateQueues { get; init; } = true;

    /// <summary>Messages of one queue at one broker that are handled at once.</summary>
    public int MaxConcurrentMessages { get; init; } = 16;

    /// <summary>Deliveries after which a message goes to the poison queue.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>How long a message that was received is hidden; renewed while it is handled.</summary>
    public TimeSpan VisibilityTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one message may be handled.</summary>
    public TimeSpan HandlerLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a message rests after its first failure; four times as long after each further one.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest such rest.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long handlers may work on when the host stops.</summary>
    public TimeSpan ShutdownLimit { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Reads and checks the settings.</summary>
    public static QueueSettings Read(IConfiguration configuration, out IReadOnlyList<string> problems)
    {
        var reader = new SettingsReader(configuration);
        var defaults = new QueueSettings();
        var settings = new QueueSettings
        {
            Storage = ReadStorage(reader),
            Sqs = ReadSqs(reader),
            Consume = reader.Flag("Queues:Consume", defaults.Consume),
            CreateQueues = reader.Flag("Queues:CreateQueues", defaults.CreateQueues),
            MaxConcurrentMessages = reader.Number("Queues:MaxConcurrentMessages", defaults.MaxConcurrentMessages),
            MaxAttempts = reader.Number("Queues:MaxAttempts", defaults.MaxAttempts),
            VisibilityTimeout = reader.Duration("Queues:VisibilityTimeout", defaults.VisibilityTimeout),
            HandlerLimit = reader.Duration("Queues:HandlerLimit", defaults.HandlerLimit),
            RetryDelay = reader.Duration("Queues:RetryDelay", defaults.RetryDelay),
            LongestRetryDelay = reader.Duration("Queues:LongestRetryDelay", defaults.LongestRetryDelay),
            ShutdownLimit = reader.Duration("Queues:ShutdownLimit", defaults.ShutdownLimit),
        };
        problems = reader.Problems;
        return settings;
    }

    /// <summary>How long a message rests after the attempt that failed.</summary>
    public TimeSpan DelayAfter(int attempt)
    {
        var delay = RetryDelay * Math.Pow(4, Math.Min(attempt, 15) - 1);
        return delay < LongestRetryDelay ? delay : LongestRetryDelay;
    }

    private static StorageQueueSettings? ReadStorage(SettingsReader reader)
    {
        const string Key = "Queues:AzureStorage:ConnectionString";
        var text = reader.Optional(Key);
        var address = text is null ? ReadServiceUri(reader) : null;
        if (text is null && address is null)
        {
            return null;
        }

        try
        {
            _ = text is null ? null : new QueueServiceClient(text);
        }
        catch (Exception malformed) when (malformed is FormatException or ArgumentException or InvalidOperationException)
        {
            // The exception's words may repeat the key, so they are not passed on.
            reader.Report(Key, "is not the connection string of a storage account, which begins with DefaultEndpointsProtocol=… or BlobEndpoint=….");
        }

        const string Encoding = "Queues:AzureStorage:MessageEncoding";
        var encoding = (reader.Optional(Encoding) ?? "base64").ToLowerInvariant();
        if (encoding is not ("base64" or "none"))
        {
            reader.Report(Encoding, "must be base64, as the Functions host has it, or none.");
        }

        return new StorageQueueSettings(
            text ?? string.Empty, encoding == "base64",
            reader.Duration("Queues:AzureStorage:LongestPause", TimeSpan.FromSeconds(5)))
        {
            ServiceUri = address,
            ClientId = address is null ? null : reader.Optional("Queues:AzureStorage:ClientId"),
        };
    }

    private static Uri? ReadServiceUri(SettingsReader reader)
    {
        const string Key = "Queues:AzureStorage:ServiceUri";
        if (reader.Optional(Key) is not { } text)
        {
            return null;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps)
        {
            reader.Report(Key, "must be the address of a storage account's queues, such as https://account.queue.core.windows.net.");
        }
        else if (!string.Equals(reader.Optional("Hosting:Kind"), nameof(HostKind.Azure), StringComparison.OrdinalIgnoreCase))
        {
            reader.Report(Key, "is for Azure Functions, where the app's identity opens the queues; elsewhere set Queues__AzureStorage__ConnectionString.");
        }

        return address;
    }

    private static SqsSettings? ReadSqs(SettingsReader reader)
    {
        const string Key = "Queues:Sqs:QueueUrlPrefix";
        if (reader.Optional(Key) is not { } prefix)
        {
            foreach (var key in new[] { "Queues:Sqs:Region", "Queues:Sqs:AccessKeyId", "Queues:Sqs:SecretAccessKey" })
            {
                if (reader.Optional(key) is not null)
                {
                    reader.Report(Key, $"is missing, though {SettingsReader.NameOf(key)} is set: write what stands before a queue's name in its address.");
                    break;
                }
            }

            return null;
        }

        if (!Uri.TryCreate(prefix, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            || address.Query.Length + address.Fragment.Length + address.UserInfo.Length > 0 || address.AbsolutePath == "/")
        {
            reader.Report(Key, "must be what stands before a queue's name in its address, such as https://sqs.eu-west-3.amazonaws.com/123456789012/.");
        }

        return new SqsSettings(
            prefix, ReadRegion(reader, prefix),
            new AwsCredentials(
                ReadKey(reader, "AccessKeyId", "AWS_ACCESS_KEY_ID", "the id of the key that signs requests to SQS"),
                ReadKey(reader, "SecretAccessKey", "AWS_SECRET_ACCESS_KEY", "the key that signs requests to SQS"),
                reader.Optional("Queues:Sqs:SessionToken") ?? reader.Optional("AWS_SESSION_TOKEN")),
            reader.Duration("Queues:Sqs:WaitTime", TimeSpan.FromSeconds(20)));
    }

    // Lambda hands the keys of the function's role over in its own names.
    private static string ReadKey(SettingsReader reader, string name, string otherwise, string meaning) =>
        reader.Optional($"Queues:Sqs:{name}") ?? reader.Optional(otherwise) ?? reader.Required($"Queues:Sqs:{name}", meaning);

    private static string ReadRegion(SettingsReader reader, string prefix)
    {
        const string Key = "Queues:Sqs:Region";
        if (reader.Optional(Key) is { } region)
        {
            return region;
        }

        if (reader.Optional("AWS_REGION") is { } surroundings)
        {
            return surroundings;
        }

        if (AddressAtAws().Match(prefix) is { Success: true } match)
        {
            return match.Groups[1].Value;
        }

        reader.Report(Key, "is missing: the region that signatures are for, such as eu-west-3.");
        return string.Empty;
    }

    [GeneratedRegex(@"\Ahttps://sqs\.([a-z0-9-]+)\.amazonaws\.com/")]
    private static partial Regex AddressAtAws();
}
