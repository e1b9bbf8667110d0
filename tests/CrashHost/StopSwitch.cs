using System.Diagnostics;
using System.Globalization;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.CrashHost;

/// <summary>
/// Stops the process once, as <c>kill -STOP</c> does, when all the named places have been reached: activities that are about to
/// run, such as <c>database.clone</c>, or calls of services that are about to be made, such as <c>IObjectStore.PutAsync</c>.
/// </summary>
internal sealed class StopSwitch(string[] places) : WorkerInterceptor
{
    private readonly HashSet<string> _missing = [.. places];
    private readonly TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IEnumerable<string> Calls => places.Where(p => char.IsUpper(p[0]));

    public override async ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => await At(activity.Scheduled.Name);

    /// <summary>Returns at once for any other place, and for a place that was reached before.</summary>
    public Task At(string reached)
    {
        lock (_missing)
        {
            if (!_missing.Remove(reached))
            {
                return Task.CompletedTask;
            }

            if (_missing.Count > 0)
            {
                return _woken.Task;
            }
        }

        // It comes back from here when it is told to go on.
        using var stop = Process.Start("/bin/sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -STOP {Environment.ProcessId}")]);
        stop.WaitForExit();
        _woken.SetResult();
        return _woken.Task;
    }
}
