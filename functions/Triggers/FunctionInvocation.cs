namespace Bibind.Functions.Triggers;

/// <summary>One call of a function by its host. Flows with the call, whatever the function awaits.</summary>
public sealed class FunctionInvocation : IDisposable
{
    private static readonly AsyncLocal<FunctionInvocation?> Ambient = new();
    private volatile bool _handedInWork;

    private FunctionInvocation(DateTimeOffset? deadline) => Deadline = deadline;

    /// <summary>The call under way, or null outside of one.</summary>
    public static FunctionInvocation? Current => Ambient.Value;

    /// <summary>When the host will end the call; null if it never does.</summary>
    public DateTimeOffset? Deadline { get; }

    /// <summary>True once the call has handed work to the task hub.</summary>
    public bool HandedInWork => _handedInWork;

    /// <summary>Begins a call; disposing ends it.</summary>
    public static FunctionInvocation Begin(DateTimeOffset? deadline)
    {
        var invocation = new FunctionInvocation(deadline);
        Ambient.Value = invocation;
        return invocation;
    }

    /// <summary>Notes that the call under way, if any, has handed work to the task hub.</summary>
    public static void NoteWork()
    {
        if (Current is { } current)
        {
            current._handedInWork = true;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Ambient.Value = null;
}
