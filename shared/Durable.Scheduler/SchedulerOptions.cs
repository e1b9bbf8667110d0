namespace Bibind.Durable.Scheduler;

/// <summary>Who this process is to the host; as in the connection strings of Durable Task Scheduler.</summary>
public enum SchedulerCredential
{
    /// <summary>Nobody: an emulator, or a host within a trusted network.</summary>
    None,

    /// <summary>Whatever <c>DefaultAzureCredential</c> finds.</summary>
    DefaultAzure,

    /// <summary>The machine's managed identity; <see cref="SchedulerOptions.ClientId"/> names one of several.</summary>
    ManagedIdentity,

    /// <summary>A workload identity of Kubernetes.</summary>
    WorkloadIdentity,

    /// <summary>The variables <c>AZURE_CLIENT_ID</c>, <c>AZURE_TENANT_ID</c> and a secret or certificate.</summary>
    Environment,

    /// <summary>Whoever is signed in to the Azure command line.</summary>
    AzureCli,
}

/// <summary>Which host of Durable Task's gRPC protocol runs the orchestrations, and how.</summary>
public sealed record SchedulerOptions
{
    /// <summary>The host: <c>https://</c> by TLS, <c>http://</c> by HTTP/2 in clear text.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The task hub within it.</summary>
    public string TaskHub { get; init; } = "default";

    /// <summary>Who this process is. Anybody but <see cref="SchedulerCredential.None"/> takes TLS: a token is sent with each call.</summary>
    public SchedulerCredential Credential { get; init; }

    /// <summary>The client id of a managed or workload identity; null for the only one.</summary>
    public string? ClientId { get; init; }

    /// <summary>This worker among those of the hub.</summary>
    public string WorkerId { get; init; } = $"{Environment.MachineName},{Environment.ProcessId},{Guid.NewGuid():N}";

    /// <summary>Activities that the host hands to this worker at once; 64 unless given.</summary>
    public int MaxConcurrentActivities { get; init; } = 64;

    /// <summary>Turns that the host hands to this worker at once; 100 unless given.</summary>
    public int MaxConcurrentOrchestrations { get; init; } = 100;

    /// <summary>Activities of one name that run at once in this process. Over several processes the limits add up.</summary>
    public IReadOnlyDictionary<string, int> ActivityLimits { get; init; } = new Dictionary<string, int>();

    /// <summary>How long running activities may take at shutdown to notice that they are cancelled; 10 seconds unless given.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
