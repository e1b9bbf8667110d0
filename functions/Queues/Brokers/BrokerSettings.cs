using Bibind.Activities.Services;

namespace Bibind.Functions.Queues.Brokers;

/// <summary>Settings <c>Queues:AzureStorage:*</c>. Holds a key: never logged.</summary>
internal sealed record StorageQueueSettings(string ConnectionString, bool Base64, TimeSpan LongestPause)
{
    /// <summary>The account's queues, where the host's identity opens them and <see cref="ConnectionString"/> is empty; else null.</summary>
    public Uri? ServiceUri { get; init; }

    /// <summary>Which of the app's identities opens them; null for the app's own.</summary>
    public string? ClientId { get; init; }

    /// <inheritdoc/>
    public override string ToString() => nameof(StorageQueueSettings);
}

/// <summary>Settings <c>Queues:Sqs:*</c>. Holds a key: never logged.</summary>
/// <param name="QueueUrlPrefix">What stands before a queue's name in its address.</param>
internal sealed record SqsSettings(string QueueUrlPrefix, string Region, AwsCredentials Credentials, TimeSpan WaitTime)
{
    /// <inheritdoc/>
    public override string ToString() => nameof(SqsSettings);
}
