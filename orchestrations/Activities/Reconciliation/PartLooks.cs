using System.Collections.Concurrent;
using Bibind.ControlPlane.Reconciliation;
using Bibind.Durable;

namespace Bibind.Activities.Reconciliation;

/// <summary>
/// Asks one part of the infrastructure about the tenants of a page, each question with its limit. What does not answer some times in a row is not asked
/// about the rest of the page: that it does not answer is an answer of its own, and says nothing of any tenant.
/// </summary>
internal sealed class PartLooks(TimeSpan limit, TimeProvider time)
{
    private const int MostInVain = 3;

    // For a client that does not see that it was cancelled.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, (int InVain, string Reason)> _parts = [];

    /// <summary>What differs there; null if it could not be asked, with why.</summary>
    public async Task<(IReadOnlyList<Observation>? Seen, string? Reason)> TryAsync(
        string part, Func<CancellationToken, Task<IReadOnlyList<Observation>>> ask, CancellationToken cancellationToken)
    {
        if (_parts.TryGetValue(part, out var before) && before.InVain >= MostInVain)
        {
            return (null, before.Reason);
        }

        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(limit);
        string reason;
        var isOfTenant = false;
        try
        {
            var seen = await Task.Run(() => ask(limited.Token), limited.Token).WaitAsync(limit + Grace, time, cancellationToken);
            _parts.TryRemove(part, out _);
            return (seen, null);
        }
        catch (Exception slow) when (slow is OperationCanceledException or TimeoutException && !cancellationToken.IsCancellationRequested)
        {
            reason = $"The {part} could not be asked: no answer within {limit.TotalSeconds:0.#} seconds.";
        }
        catch (ActivityFailureException failed)
        {
            (reason, isOfTenant) = ($"The {part} could not be asked: {failed.Message}", !failed.IsRetriable);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            // What pretends to be a server can make a client fail in any way.
            reason = $"The {part} could not be asked ({failed.GetType().Name}).";
        }

        // What trying again cannot help may be this tenant's alone, such as a name that no proxy can be told.
        if (!isOfTenant)
        {
            _parts.AddOrUpdate(part, (1, reason), (_, earlier) => (earlier.InVain + 1, reason));
        }

        return (null, reason);
    }
}
