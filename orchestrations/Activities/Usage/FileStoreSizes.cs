using System.Collections.Concurrent;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Usage;

/// <summary>Says how large tenants' file stores are, where this machine keeps them.</summary>
public sealed class FileStoreSizes(IFileStore store)
{
    // A network file system that hangs holds whoever asks: one is held for each server, and everybody else goes by.
    private readonly ConcurrentDictionary<string, Task<long>> _held = new(StringComparer.Ordinal);

    /// <summary>Bytes; null where the installation leaves files to somebody else.</summary>
    /// <exception cref="ActivityFailureException">It cannot be known; says why.</exception>
    public async Task<long?> MeasureAsync(TenantDescriptor place, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (!store.IsOn)
        {
            return null;
        }

        if (_held.TryGetValue(place.ServerCode, out var held))
        {
            if (!held.IsCompleted)
            {
                throw new TransientFailureException($"The file stores of server '{place.ServerCode}' have not answered since they were asked last.");
            }

            _held.TryRemove(new KeyValuePair<string, Task<long>>(place.ServerCode, held));
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var measuring = Task.Run(() => store.Measure(place, end.Token), CancellationToken.None);
        try
        {
            return await measuring.WaitAsync(limit, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new TransientFailureException($"The file store of '{place.Database}' was not gone through within {limit.TotalSeconds:0.#} seconds.");
        }
        finally
        {
            await end.CancelAsync();
            if (!measuring.IsCompleted)
            {
                _held[place.ServerCode] = measuring;

                // Seen here, since nobody waits for it any more.
                _ = measuring.ContinueWith(m => m.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            }
        }
    }
}
