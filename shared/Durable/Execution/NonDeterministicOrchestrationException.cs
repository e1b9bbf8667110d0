namespace Bibind.Durable.Execution;

/// <summary>The code of an orchestrator no longer decides what its history says it decided.</summary>
public sealed class NonDeterministicOrchestrationException : Exception
{
    internal NonDeterministicOrchestrationException(int id, string recorded, string? now)
        : base($"Non-deterministic orchestration: as action #{id} the history has {recorded}, but the orchestrator's code now "
            + (now is null ? "decides nothing at that place" : $"decides {now}")
            + ". Was the orchestrator changed while this instance was running? Deploy the former code to let it finish, "
            + "or version the orchestrator (docs/durable.md).")
    {
    }
}
