using System.Text.Json.Nodes;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>
/// Changes Caddy's configuration for many tenants at once. Every load makes Caddy set up everything anew, so changes that
/// wait for the one under way go together; if Caddy refuses them, each goes alone, and only the bad one fails.
/// </summary>
internal sealed class CaddyChanges(CaddyAdmin admin, CaddyMemory memory, TimeProvider time, ILogger<CaddyChanges> logger) : IDisposable
{
    private const int MostAttempts = 30;
    private const int LongestPauseMilliseconds = 100;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Lock _lock = new();
    private List<Change> _waiting = [];

    // As it was seen last; a Caddy that is replaced by a newer one is seen by the next process.
    private bool _closesStreams;

    /// <summary>Makes a change; it is loaded when the task ends.</summary>
    /// <param name="edit">Edits the <c>apps</c>; may throw before it has changed anything, and may be called several times.</param>
    public async Task ApplyAsync(Action<JsonObject> edit, CancellationToken cancellationToken)
    {
        var change = new Change(edit);
        lock (_lock)
        {
            _waiting.Add(change);
        }

        try
        {
            await _turn.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (_lock)
            {
                _waiting.Remove(change);
            }

            throw;
        }

        try
        {
            await ApplyWaitingAsync();
        }
        finally
        {
            _turn.Release();
        }

        await change.Done.Task;
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    // Without anybody's token: what is under way is for others, too. Each request has its own limit.
    private async Task ApplyWaitingAsync()
    {
        List<Change> batch;
        lock (_lock)
        {
            (batch, _waiting) = (_waiting, []);
        }

        if (batch.Count == 0)
        {
            return;
        }

        try
        {
            await LoadAsync(batch);
        }
        catch (CaddyRefusedException refused) when (batch.Count == 1)
        {
            batch[0].Done.TrySetException(new PermanentFailureException($"Caddy refused the route and goes on as before: {refused.Message}"));
        }
        catch (CaddyRefusedException refused)
        {
            logger.RoutesRefusedTogether(batch.Count, refused.Message);
            foreach (var change in batch.Where(c => !c.Done.Task.IsCompleted))
            {
                await ApplyAloneAsync(change);
            }
        }
        catch (Exception failed)
        {
            batch.ForEach(change => change.Done.TrySetException(failed));
        }
    }

    private async Task ApplyAloneAsync(Change change)
    {
        try
        {
            await LoadAsync([change]);
        }
        catch (CaddyRefusedException refused)
        {
            change.Done.TrySetException(new PermanentFailureException($"Caddy refused the route and goes on as before: {refused.Message}"));
        }
        catch (Exception failed)
        {
            change.Done.TrySetException(failed);
        }
    }

    private async Task LoadAsync(List<Change> batch)
    {
        for (var attempt = 1; attempt <= MostAttempts; attempt++)
        {
            if (await TryLoadAsync(batch, isLast: attempt == MostAttempts))
            {
                return;
            }

            // Somebody else was faster. Of several like us, not all should come back at the same moment.
            await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, LongestPauseMilliseconds)), time);
        }

        throw new TransientFailureException("Caddy's configuration is changed by others all the time: our change found no moment.");
    }

    private async Task<bool> TryLoadAsync(List<Change> batch, bool isLast)
    {
        try
        {
            var read = await admin.ReadAsync(CancellationToken.None);
            if (read.Apps is null or { Count: 0 } && await memory.TryGiveBackAsync(CancellationToken.None))
            {
                return false;
            }

            var apps = read.Apps ?? [];
            var before = apps.DeepClone();
            foreach (var change in batch.Where(c => !c.Done.Task.IsCompleted))
            {
                try
                {
                    change.Edit(apps);
                }
                catch (Exception unfit)
                {
                    change.Done.TrySetException(unfit);
                }
            }

            if (_closesStreams)
            {
                CaddyStreams.Strip(apps);
            }

            if (JsonNode.DeepEquals(before, apps) || await admin.TryReplaceAsync(new CaddyApps(apps, read.Version), CancellationToken.None))
            {
                await memory.RememberAsync(apps, CancellationToken.None);
                batch.ForEach(change => change.Done.TrySetResult());
                return true;
            }
        }
        catch (CaddyRefusedException refused) when (refused.IsOfStreams && !_closesStreams)
        {
            _closesStreams = true;
            logger.StreamsAreClosed();
        }
        catch (CaddyInterruptedException) when (!isLast)
        {
            // The next look shows whether the change is in.
        }

        return false;
    }

    private sealed record Change(Action<JsonObject> Edit)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
