using System.Text.Json;
using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Activities.Templates;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Has the application's server make a template. It works under the staging name and gives the final one at the
/// end, because the server answers "done" also when it failed, and records nothing as ours.
/// </summary>
public sealed class OdooDatabaseService(
    IServerDirectory servers, PostgresConnector postgres, TemplateDatabase databases, OdooRpc odoo, IFileStore files, IOptions<TemplateOptions> options)
{
    private const string Login = "admin";
    private const string AccessDenied = "Access Denied";

    /// <summary>Makes the database and installs the template's modules.</summary>
    /// <exception cref="PermanentFailureException">The server has no master password, refuses it, or did not install the modules.</exception>
    /// <exception cref="TransientFailureException">The server does not answer.</exception>
    public async Task InstallAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        var server = await servers.GetConnectionAsync(order.ServerId, cancellationToken);
        var master = server.MasterPassword
            ?? throw new PermanentFailureException($"Server '{order.ServerId}' has no master password, without which its application makes no database.");
        var target = LabelledDatabase.Of(order);
        var staging = target.StagingName;

        // What an earlier attempt left is dropped by the server itself, which keeps files of it too.
        if ((await CallAsync(server, "db_exist", cancellationToken, staging)).ValueKind == JsonValueKind.True)
        {
            await CallAsync(server, "drop", cancellationToken, master, staging);
        }

        if (files.IsOn && !files.Remove(order, server.Code, cancellationToken))
        {
            throw new PermanentFailureException($"A file store named '{order.Database}' is there and is not ours; it was left as it is. Move it away, or delete it.");
        }

        var password = RandomPassword.Make();
        await CallAsync(server, "create_database", cancellationToken, master, staging, false, order.Language, password, Login, order.Country, null);
        await InstallModulesAsync(server, staging, password, order.Modules, cancellationToken);
        if (await databases.FindMissingModulesAsync(order, staging, cancellationToken) is { Count: > 0 } missing)
        {
            throw new PermanentFailureException($"The application did not install {string.Join(", ", missing)}.");
        }

        await MarkAsync(order, target, cancellationToken);
        if (files.IsOn)
        {
            // The server moves the folder with our mark in it, and only to where nothing is.
            files.MarkStaged(order, server.Code);
        }

        await CallAsync(server, "rename", cancellationToken, master, staging, target.Name);
    }

    private async Task InstallModulesAsync(
        ServerConnection server, string database, string password, IReadOnlyList<string> modules, CancellationToken cancellationToken)
    {
        var uid = await odoo.CallAsync(
            server.Url, "common", "authenticate", cancellationToken, database, Login, password, new Dictionary<string, object>());
        if (uid.ValueKind != JsonValueKind.Number)
        {
            throw new PermanentFailureException($"The application at {server.Url.Authority} made no usable database: its administrator cannot sign in.");
        }

        var wanted = new object[] { new object[] { "name", "in", modules }, new object[] { "state", "!=", "installed" } };
        var found = await odoo.CallAsync(
            server.Url, "object", "execute_kw", cancellationToken,
            database, uid.GetInt32(), password, "ir.module.module", "search", new object[] { wanted }, new Dictionary<string, object>());
        if (found.ValueKind == JsonValueKind.Array && found.GetArrayLength() > 0)
        {
            await odoo.CallAsync(
                server.Url, "object", "execute_kw", options.Value.InitialisationLimit, cancellationToken,
                database, uid.GetInt32(), password, "ir.module.module", "button_immediate_install", new object[] { found }, new Dictionary<string, object>());
        }
    }

    private async Task MarkAsync(CreateTemplateOrder order, LabelledDatabase target, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenMaintenanceAsync(order.ServerId, target.Maker, cancellationToken);
        await session.TranslateErrorsAsync(target.StagingName, async () =>
        {
            await LabelledDatabases.RecordStagedAsync(session, target, cancellationToken);
            await session.ExecuteAsync(
                $"comment on database {SqlText.Identifier(target.StagingName)} is {SqlText.Literal(target.Mark)}", cancellationToken);
            return Unit.Value;
        });
    }

    private async Task<JsonElement> CallAsync(ServerConnection server, string method, CancellationToken cancellationToken, params object?[] arguments)
    {
        try
        {
            return await odoo.CallAsync(server.Url, "db", method, options.Value.InitialisationLimit, cancellationToken, arguments);
        }
        catch (PermanentFailureException denied) when (denied.Message.EndsWith(AccessDenied, StringComparison.Ordinal))
        {
            throw new PermanentFailureException(await IsManagedAsync(server, cancellationToken)
                ? $"Odoo at {server.Url.Authority} refused db.{method}: the master password of server '{server.Code}' is not its admin_passwd. Set the server's masterPassword."
                : $"Odoo at {server.Url.Authority} refused db.{method}: it lets nobody manage databases (list_db = False). Start it with list_db = True for this, or use odoo-bin.");
        }
    }

    // Both are refused with the same words. Listing needs no password, and is refused only where managing is.
    private async Task<bool> IsManagedAsync(ServerConnection server, CancellationToken cancellationToken)
    {
        try
        {
            await odoo.CallAsync(server.Url, "db", "list", cancellationToken);
            return true;
        }
        catch (PermanentFailureException)
        {
            return false;
        }
    }
}
