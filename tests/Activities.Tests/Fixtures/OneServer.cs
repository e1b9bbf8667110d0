using Bibind.ControlPlane.Servers;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>A directory that knows one server.</summary>
internal sealed class OneServer(ServerConnection server) : IServerDirectory
{
    public ServerConnection Connection { get; set; } = server;

    public Task<ServerConnection> GetConnectionAsync(long serverId, CancellationToken cancellationToken) => Task.FromResult(Connection);
}
