using Bibind.Functions.Queues.Brokers;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>One of the three hosts, as those who call it see it.</summary>
internal abstract class HostUnderTest(Installation installation, IBrokerQueue billing) : IAsyncDisposable
{
    protected static readonly Uri Address = new("http://functions.test");

    public Installation Installation { get; } = installation;

    /// <summary>Billing's queue at the broker that triggers this host.</summary>
    public IBrokerQueue Billing { get; } = billing;

    /// <summary>Its HTTP functions.</summary>
    public abstract Api Api { get; }

    /// <summary>False where a worker lives on and nobody pumps.</summary>
    public virtual bool IsPumped => true;

    /// <summary>Drops wake-ups instead of delivering them, as a broker that has lost them.</summary>
    public bool LosesWakeUps { get; set; }

    /// <summary>Fires a timer for the moment that has come last.</summary>
    public abstract Task TickAsync(string timer);

    /// <summary>Kills every process of the host at this instant; it starts again as its platform does that.</summary>
    public abstract Task KillAsync();

    /// <summary>What was written to the logs, to be shown with a failure.</summary>
    public abstract string Output();

    public abstract ValueTask DisposeAsync();
}
