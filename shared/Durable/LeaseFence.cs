namespace Bibind.Durable;

/// <summary>
/// Stands right before a side effect. A process that was paused may have been taken for dead, and its work done, or undone, by
/// another since: what it does then would be too late. While the lease is fresh by our own clock, asking costs nothing.
/// </summary>
/// <remarks>
/// It belongs to the activity's flow, so that a port which HTTP requests use too need not be handed a context. Where there is
/// one, write <c>context.EnsureLeaseHeldAsync()</c>.
/// </remarks>
public static class LeaseFence
{
    private static readonly AsyncLocal<Func<Task>?> s_check = new();

    /// <summary>Passes if the activity that runs here still has its lease, or if this is no activity's flow.</summary>
    /// <exception cref="OperationCanceledException">Another worker has it, or the worker stops; nothing may be done any more.</exception>
    public static Task EnsureHeldAsync() => s_check.Value?.Invoke() ?? Task.CompletedTask;

    /// <summary>
    /// Lets everything pass in this flow until it is disposed: for who clears away what no other attempt can have made, which a lost
    /// lease must not keep it from.
    /// </summary>
    public static Suspension SuspendForCleanup()
    {
        var suspension = new Suspension(s_check.Value);
        s_check.Value = null;
        return suspension;
    }

    /// <summary>Sets how the lease is asked for in the present flow, until the calling method returns.</summary>
    internal static void Set(Func<Task> check) => s_check.Value = check;

    /// <summary>The time in which a flow is not asked for its lease.</summary>
    public readonly struct Suspension : IDisposable
    {
        private readonly Func<Task>? _former;

        internal Suspension(Func<Task>? former) => _former = former;

        /// <summary>The lease is asked for again.</summary>
        public void Dispose() => s_check.Value = _former;
    }
}
