using Bibind.Durable.Scheduler;
using Bibind.Functions.Settings;

namespace Bibind.Functions.Hosts;

/// <summary>What runs the orchestrations.</summary>
public enum DurableEngine
{
    /// <summary>The hub in the control database.</summary>
    Postgres,

    /// <summary>A host of Durable Task's gRPC protocol, such as Azure Durable Task Scheduler.</summary>
    Scheduler,

    /// <summary>The memory of this process: for tests, it forgets everything at its end.</summary>
    Memory,
}

/// <summary>Which engine runs the orchestrations, and what it needs.</summary>
/// <param name="Engine">The engine.</param>
/// <param name="Scheduler">Where the scheduler is; null for the other engines.</param>
public sealed record EngineSettings(DurableEngine Engine, SchedulerOptions? Scheduler)
{
    private const string EngineKey = "Durable:Engine";
    private const string EndpointKey = "Durable:Scheduler:Endpoint";
    private const string CredentialKey = "Durable:Scheduler:Credential";

    // Limits over all machines that this engine cannot keep: who sets them relies on them.
    private static readonly string[] HubLimits = ["Worker:ActivityLimits", "Worker:MaxConcurrentActivitiesPerTenant"];

    internal static EngineSettings Read(SettingsReader reader, HostKind kind, WorkerSettings worker)
    {
        var engine = reader.Optional(EngineKey) is { } text ? reader.Choice(EngineKey, text, DurableEngine.Postgres) : DurableEngine.Postgres;
        if (engine != DurableEngine.Postgres && kind.IsFunctionHost())
        {
            reader.Report(EngineKey, $"is {Name(engine)}, whose worker must live on: with Hosting__Kind={Name(kind)} only postgres can be pumped.");
        }

        return new EngineSettings(engine, engine == DurableEngine.Scheduler ? ReadScheduler(reader, worker) : null);
    }

    private static SchedulerOptions ReadScheduler(SettingsReader reader, WorkerSettings worker)
    {
        foreach (var key in HubLimits.Where(k => reader.Optional(k) is not null))
        {
            reader.Report(key, "is set, and Durable__Engine=scheduler cannot keep it: it has no limits over all machines and knows no owners. Leave it out.");
        }

        var endpoint = ReadEndpoint(reader);
        var credential = reader.Optional(CredentialKey) is { } text ? reader.Choice(CredentialKey, text, SchedulerCredential.None) : SchedulerCredential.None;
        if (credential != SchedulerCredential.None && endpoint.Scheme == Uri.UriSchemeHttp)
        {
            reader.Report(CredentialKey, $"is {Name(credential)}, and {SettingsReader.NameOf(EndpointKey)} is not encrypted: a token is sent over https only.");
        }

        return new SchedulerOptions
        {
            Endpoint = endpoint,
            TaskHub = reader.Optional("Durable:Scheduler:TaskHub") ?? "default",
            Credential = credential,
            ClientId = reader.Optional("Durable:Scheduler:ClientId"),
            MaxConcurrentActivities = worker.MaxConcurrentActivities,
            ActivityLimits = worker.ActivityLimits,
        };
    }

    private static Uri ReadEndpoint(SettingsReader reader)
    {
        var nowhere = new Uri("https://missing.invalid");
        var text = reader.Required(EndpointKey, "the address of the scheduler, such as https://name.westeurope.durabletask.io, or http:// for an emulator");
        if (text.Length == 0)
        {
            return nowhere;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var endpoint) && (endpoint.Scheme == Uri.UriSchemeHttps || endpoint.Scheme == Uri.UriSchemeHttp)
            && endpoint is { UserInfo.Length: 0, PathAndQuery: "/" })
        {
            return endpoint;
        }

        reader.Report(EndpointKey, "is not an address such as https://name.westeurope.durabletask.io or http://127.0.0.1:8080.");
        return nowhere;
    }

    private static string Name(Enum value) => value.ToString().ToLowerInvariant();
}
