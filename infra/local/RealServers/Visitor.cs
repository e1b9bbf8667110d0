using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Bibind.Local.RealServers;

/// <summary>Somebody who opens a tenant's address: comes to the proxy whatever the name, and trusts one root and nothing else.</summary>
public static class Visitor
{
    /// <param name="proxy">Where the proxy listens.</param>
    /// <param name="root">The only root that a chain may lead to.</param>
    public static SocketsHttpHandler Of(Uri proxy, X509Certificate2 root)
    {
        ArgumentNullException.ThrowIfNull(proxy);
        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(proxy.Host, proxy.Port, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { root },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
        };
    }
}
