namespace Bibind.Durable;

/// <summary>
/// Stands right before an effect. A process that was paused may have been taken for dead, and its work done, or undone, by
/// another since: what it does then would be too late. While the lease is fresh by our own clock, asking costs nothing.
/// </summary>
public static class LeaseFence
{
    private static readonly AsyncLocal<Func<Task>?> s_check = new();

    /// <summary>Passes if the activity that runs here still has its lease, or if none runs here.</summary>
    /// <param name="cancellationToken">The activity's. Who clears away after a failure what no other attempt can have made gives none, and is never kept from it.</param>
    /// <exception cref="OperationCanceledException">Another worker has it; nothing may be done any more.</exception>
    public static Task PassAsync(CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled && s_check.Value is { } check ? check() : Task.CompletedTask;

    /// <summary>Sets how the lease is asked for in the present flow, until the calling method returns.</summary>
    internal static void Set(Func<Task> check) => s_check.Value = check;
}
