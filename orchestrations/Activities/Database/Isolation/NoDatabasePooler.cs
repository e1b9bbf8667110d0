using Bibind.ControlPlane.Servers;

namespace Bibind.Activities.Database.Isolation;

/// <summary>No pooler: all tenants of a server share the application's role.</summary>
public sealed class NoDatabasePooler : IDatabasePooler
{
    private static readonly IReadOnlyDictionary<string, string> s_none = new Dictionary<string, string>();

    /// <inheritdoc/>
    public bool Serves(string serverCode) => false;

    /// <inheritdoc/>
    public Task PublishAsync(ServerConnection server, PooledDatabase database, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task WithdrawAsync(ServerConnection server, string name, string role, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, string>> ListAsync(ServerConnection server, CancellationToken cancellationToken) => Task.FromResult(s_none);
}
