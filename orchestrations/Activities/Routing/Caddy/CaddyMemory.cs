using System.Text.Json.Nodes;
using Bibind.ControlPlane.Secrets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>
/// Keeps what an operator configured, without our routes and certificates, as a secret. A Caddy that was killed while it saved
/// itself starts with nothing at all: not even a server that a route could be put into.
/// </summary>
internal sealed class CaddyMemory(CaddyAdmin admin, IServiceProvider services, IOptions<CaddyOptions> options, ILogger<CaddyMemory> logger)
{
    private string? _remembered;

    private ISecretStore? Secrets => services.GetService<ISecretStore>();

    private string Name => $"routing/caddy/{options.Value.Admin.Authority}/base";

    /// <summary>Keeps the configuration if it has changed but for what is ours.</summary>
    /// <param name="apps">The <c>apps</c> as Caddy has them now.</param>
    public async Task RememberAsync(JsonObject apps, CancellationToken cancellationToken)
    {
        var theirs = CaddyConfiguration.WithoutOurs(apps);
        var text = theirs.ToJsonString();
        if (text == _remembered || Secrets is not { } secrets)
        {
            return;
        }

        try
        {
            var whole = await admin.ReadAllAsync(cancellationToken);
            whole["apps"] = theirs;
            await secrets.SetAsync(Name, whole.ToJsonString(), cancellationToken);
            _remembered = text;
        }
        catch (Exception failed) when (failed is not OperationCanceledException)
        {
            // The change itself is made; the next one tries again.
            logger.BaseNotRemembered(failed.Message);
        }
    }

    /// <summary>Gives a Caddy that has nothing what it had; false if that is not known.</summary>
    public async Task<bool> TryGiveBackAsync(CancellationToken cancellationToken)
    {
        if (Secrets is not { } secrets || await secrets.FindAsync(Name, cancellationToken) is not { } kept)
        {
            return false;
        }

        await admin.LoadAsync(kept, cancellationToken);
        logger.BaseGivenBack(options.Value.Admin.Authority);
        return true;
    }
}
