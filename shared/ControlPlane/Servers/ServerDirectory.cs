using Bibind.ControlPlane.Secrets;
using Bibind.Durable;

namespace Bibind.ControlPlane.Servers;

/// <summary>Finds servers in the control database and their passwords in the secret store.</summary>
public sealed class ServerDirectory(ServerStore servers, ISecretStore secrets) : IServerDirectory
{
    /// <inheritdoc/>
    public async Task<ServerConnection> GetConnectionAsync(long serverId, CancellationToken cancellationToken)
    {
        var server = await servers.GetAsync(serverId, cancellationToken)
            ?? throw new PermanentFailureException($"There is no server {serverId} in the control database.");
        return new ServerConnection
        {
            ServerId = server.Id,
            Code = server.Code,
            Url = new Uri(server.Url),
            DatabaseHost = server.DbHost,
            DatabasePort = server.DbPort,
            DatabaseUser = server.DbUser,
            DatabasePassword = await SecretAsync(server, server.DbPasswordSecret, cancellationToken),
            ApplicationRole = server.ApplicationRole,
            ApplicationPassword = server.ApplicationPasswordSecret is null
                ? null
                : await SecretAsync(server, server.ApplicationPasswordSecret, cancellationToken),
            MasterPassword = server.MasterPasswordSecret is null ? null : await SecretAsync(server, server.MasterPasswordSecret, cancellationToken),
        };
    }

    private async Task<string> SecretAsync(Server server, string name, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken)
        ?? throw new PermanentFailureException($"Secret '{name}' of server '{server.Code}' is missing: store it again.");
}
