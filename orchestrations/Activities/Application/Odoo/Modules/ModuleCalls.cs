using Bibind.Contracts;
using Bibind.ControlPlane.Modules;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>Has a tenant's application install and uninstall modules, and give its company a look, with an API key.</summary>
public sealed class ModuleCalls(OdooRpc rpc, OdooJson json, IOptions<ModuleOptions> options)
{
    private static readonly TimeSpan WriteLimit = TimeSpan.FromSeconds(60);

    // In the application's own language: what it refuses for the moment is told by its words.
    private static readonly object Context = new { lang = "en_US" };

    /// <summary>Installs modules with what they need. The answer comes when they are there.</summary>
    public Task InstallAsync(Uri server, TenantDescriptor place, OdooKey key, IReadOnlyList<int> ids, CancellationToken cancellationToken) =>
        CallAsync(server, place, key, "ir.module.module", "button_immediate_install", ids, options.Value.CallLimit, cancellationToken);

    /// <summary>Uninstalls modules, with their data. The answer comes when they are gone.</summary>
    public Task UninstallAsync(Uri server, TenantDescriptor place, OdooKey key, IReadOnlyList<int> ids, CancellationToken cancellationToken) =>
        CallAsync(server, place, key, "ir.module.module", "button_immediate_uninstall", ids, options.Value.CallLimit, cancellationToken);

    /// <summary>Gives a company a look; the application compiles the styles of its documents anew.</summary>
    public async Task WriteLookAsync(Uri server, TenantDescriptor place, OdooKey key, int company, ThemeLook look, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(key);

        // The application empties a field by false.
        var values = new Dictionary<string, object>
        {
            ["primary_color"] = look.PrimaryColor ?? (object)false,
            ["secondary_color"] = look.SecondaryColor ?? (object)false,
            ["font"] = look.Font ?? (object)false,
        };
        int[] ids = [company];
        var call = new OdooCall("res.company", "write", new { ids, vals = values, context = Context }, WriteLimit);
        if (!await json.TryCallAsync(server, place, key, call, cancellationToken))
        {
            await rpc.CallAsync(
                server, "object", "execute_kw", WriteLimit, cancellationToken,
                place.Database, key.UserId, key.Value, call.Model, call.Method, new object[] { ids, values }, new { context = Context });
        }
    }

    private async Task CallAsync(
        Uri server, TenantDescriptor place, OdooKey key, string model, string method, IReadOnlyList<int> ids, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(key);
        await LeaseFence.EnsureHeldAsync();
        try
        {
            var call = new OdooCall(model, method, new { ids, context = Context }, limit);
            if (!await json.TryCallAsync(server, place, key, call, cancellationToken))
            {
                await rpc.CallAsync(
                    server, "object", "execute_kw", limit, cancellationToken,
                    place.Database, key.UserId, key.Value, model, method, new object[] { ids }, new { context = Context });
            }
        }
        catch (PermanentFailureException busy) when (busy.Message.Contains("is currently processing", StringComparison.Ordinal))
        {
            // Another module operation, which may be the one of an attempt before this, or a scheduled action: both end by themselves.
            throw new TransientFailureException(busy.Message);
        }
    }
}
