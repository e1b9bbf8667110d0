using System.Collections.Concurrent;
using Bibind.ControlPlane.Secrets;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Secrets in memory.</summary>
internal sealed class MemorySecrets : ISecretStore
{
    public ConcurrentDictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    public Task<string> GetOrSetAsync(string name, Func<string> make, CancellationToken cancellationToken) =>
        Task.FromResult(Values.GetOrAdd(name, _ => make()));

    public Task SetAsync(string name, string value, CancellationToken cancellationToken)
    {
        Values[name] = value;
        return Task.CompletedTask;
    }

    public Task<string?> FindAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Values.GetValueOrDefault(name));

    public Task<int> DeleteAsync(string prefix, CancellationToken cancellationToken) =>
        Task.FromResult(Named(prefix).Count(name => Values.TryRemove(name, out _)));

    public Task<int> CountAsync(string prefix, CancellationToken cancellationToken) => Task.FromResult(Named(prefix).Count);

    private List<string> Named(string prefix) => [.. Values.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
}
