namespace Bibind.Functions.Triggers;

/// <summary>Tells the host to run the pump. Only a hint: what is lost is made up for by the pump's schedule.</summary>
public interface IWakeUp
{
    /// <summary>Has the pump run after a delay. Does not fail: a wake-up that cannot be sent is logged.</summary>
    Task SendAsync(TimeSpan delay, CancellationToken cancellationToken);
}

/// <summary>For hosts whose worker lives on, and which need no pump.</summary>
internal sealed class NoWakeUp : IWakeUp
{
    public Task SendAsync(TimeSpan delay, CancellationToken cancellationToken) => Task.CompletedTask;
}
