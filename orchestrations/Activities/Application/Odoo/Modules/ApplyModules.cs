using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Modules;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>
/// Has the application uninstall and install what the order names and is not so yet, and give its company its look, with a key of its
/// administrator's for these calls. The application does the rest: dependencies, tables, views, data, and its own memory.
/// </summary>
public sealed class ApplyModules(PostgresConnector postgres, ModuleCalls calls, IOptions<ModuleOptions> options, ILogger<ApplyModules> logger) : TaskActivity<ModuleRequest, Unit>
{
    private const string KeyName = "bibind: modules";
    private const int ReserveMinutes = 10;

    private const string AdministratorSql =
        "select d.res_id from public.ir_model_data d join public.res_users u on u.id = d.res_id where d.module = 'base' and d.name = 'user_admin' and u.active";

    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, ModuleRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var cancellationToken = context.CancellationToken;
        await using var session = await postgres.OpenAsync(request.Place, cancellationToken);
        var (list, found) = await LookAsync(session, request.Change, cancellationToken);
        if (found.IsNothing)
        {
            await RemoveKeyAsync(session);
            return Unit.Value;
        }

        await context.EnsureLeaseHeldAsync();
        var key = await session.TranslateErrorsAsync(() => MakeKeyAsync(session.Connection, request.Place, cancellationToken));
        try
        {
            await ChangeAsync(session, request, list, found, key, cancellationToken);
        }
        catch (TransientFailureException) when (!cancellationToken.IsCancellationRequested)
        {
            // The answer may have been lost, or have taken too long, of what is done all the same.
            if (!(await LookAsync(session, request.Change, cancellationToken)).Found.IsNothing)
            {
                throw;
            }
        }
        finally
        {
            await RemoveKeyAsync(session);
        }

        logger.ModulesChanged(request.Place.Database, string.Join(", ", found.Activate), string.Join(", ", found.Deactivate));
        return Unit.Value;
    }

    // Away first: of modules that exclude each other one can take the place of the other.
    private async Task ChangeAsync(
        DatabaseSession session, ModuleRequest request, ModuleList list, ModulesFound found, OdooKey key, CancellationToken cancellationToken)
    {
        var (server, place) = (session.Server.Url, request.Place);
        if (found.Deactivate.Count > 0)
        {
            await calls.UninstallAsync(server, place, key, IdsOf(list, found.Deactivate), cancellationToken);
        }

        if (found.Activate.Count > 0)
        {
            await calls.InstallAsync(server, place, key, IdsOf(list, found.Activate), cancellationToken);
        }

        if (found.ChangesLook)
        {
            await LeaseFence.EnsureHeldAsync();
            await calls.WriteLookAsync(
                server, place, key, list.CompanyId!.Value, ModulePlan.Apply(request.Change.Theme!.Look!, list.Look), cancellationToken);
        }
    }

    private async Task<(ModuleList List, ModulesFound Found)> LookAsync(DatabaseSession session, ModuleChange change, CancellationToken cancellationToken)
    {
        var list = await ModuleReader.RunAsync(session, options.Value.ReadLimit, cancellationToken);
        return (list, ModulePlan.Of(list, change, allowed: null).Found);
    }

    private async Task<OdooKey> MakeKeyAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var who = new NpgsqlCommand(AdministratorSql, connection);
        var administrator = (int?)await who.ExecuteScalarAsync(cancellationToken)
            ?? throw new PermanentFailureException(
                $"The database '{place.Database}' has no active administrator (base.user_admin), in whose name modules are changed: activate that user in the application.");
        var key = OdooKey.Make(administrator);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await OdooKeyRows.RemoveAsync(connection, KeyName, cancellationToken);
        // For an uninstallation and an installation.
        await OdooKeyRows.InsertAsync(connection, key, KeyName, (int)(2 * options.Value.CallLimit).TotalMinutes + ReserveMinutes, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return key;
    }

    // The cancelled attempt removes it too; one that cannot leaves it to the next, and to its end.
    private static async Task RemoveKeyAsync(DatabaseSession session)
    {
        try
        {
            await OdooKeyRows.RemoveAsync(session.Connection, KeyName, CancellationToken.None);
        }
        catch (Exception ended) when (ended is NpgsqlException or InvalidOperationException)
        {
            return;
        }
    }

    private static IReadOnlyList<int> IdsOf(ModuleList list, IReadOnlyList<string> names) => [.. names.Select(n => list.Modules[n].Id)];
}
