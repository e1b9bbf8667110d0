using Bibind.Functions.Queues.Brokers;

namespace Bibind.Functions.Hosts;

/// <summary>Who calls the functions; setting <c>Hosting__Kind</c>. Chosen in words, never guessed from the surroundings.</summary>
public enum HostKind
{
    /// <summary>The process lives on and listens itself: self-hosted.</summary>
    Kestrel,

    /// <summary>Azure Functions calls its isolated worker, <c>Bibind.Functions.Azure</c>, which sets this itself.</summary>
    Azure,

    /// <summary>The process asks the Lambda Runtime API for invocations.</summary>
    Lambda,

    /// <summary>The Lambda Web Adapter calls over loopback.</summary>
    WebAdapter,
}

/// <summary>What follows from the kind of host.</summary>
public static class HostKinds
{
    /// <summary>True where a process may end or be frozen after each call: nothing may run between calls.</summary>
    public static bool IsFunctionHost(this HostKind kind) => kind != HostKind.Kestrel;

    /// <summary>True where an answer is taken whole: its caller sees nothing of it before its end.</summary>
    public static bool TakesAnswersWhole(this HostKind kind) => kind is HostKind.Lambda or HostKind.WebAdapter;

    /// <summary>The broker that triggers functions there.</summary>
    public static string BrokerName(this HostKind kind) => kind == HostKind.Azure ? StorageBroker.BrokerName : SqsBroker.BrokerName;
}
