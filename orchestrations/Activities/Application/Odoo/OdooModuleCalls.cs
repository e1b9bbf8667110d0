using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Upgrades modules by asking an Odoo server, as its administrator, with a key that ends with the upgrade.</summary>
public sealed class OdooModuleCalls(PostgresConnector postgres, OdooRpc rpc)
{
    private const string KeyName = "bibind: upgrade";
    private const int ReserveMinutes = 10;

    private const string LookSql =
        """
        select (select d.res_id from public.ir_model_data d where d.module = 'base' and d.name = 'user_admin'),
               array(select m.id from public.ir_module_module m where m.name = any($1) order by m.id)
        """;

    /// <summary>Upgrades them; the application answers when it is done.</summary>
    /// <exception cref="PermanentFailureException">The application refused it; its own words.</exception>
    /// <exception cref="ApplicationAwayException">The application did not answer within the limit.</exception>
    public async Task UpgradeAsync(TenantDescriptor place, IReadOnlyList<string> modules, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(modules);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        var (key, ids) = await session.TranslateErrorsAsync(async () =>
        {
            var (administrator, found) = await LookAsync(session, place, modules, cancellationToken);
            var made = OdooKey.Make(administrator);
            await OdooKeyRows.RemoveAsync(session.Connection, KeyName, cancellationToken);
            await OdooKeyRows.InsertAsync(session.Connection, made, KeyName, (int)limit.TotalMinutes + ReserveMinutes, cancellationToken);
            return (made, found);
        });
        try
        {
            await LeaseFence.EnsureHeldAsync();
            await rpc.CallAsync(
                session.Server.Url, "object", "execute_kw", limit, cancellationToken,
                place.Database, key.UserId, key.Value, "ir.module.module", "button_immediate_upgrade", new object[] { ids });
        }
        finally
        {
            using var cleanup = LeaseFence.SuspendForCleanup();
            await RemoveKeyAsync(place);
        }
    }

    private static async Task<(int Administrator, int[] Ids)> LookAsync(
        DatabaseSession session, TenantDescriptor place, IReadOnlyList<string> modules, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand(LookSql, session.Connection) { Parameters = { new() { Value = modules.ToArray() } } };
        await using var reader = await look.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.IsDBNull(0)
            ? throw new PermanentFailureException($"The database '{place.Database}' has no administrator (base.user_admin).")
            : (reader.GetInt32(0), reader.GetFieldValue<int[]>(1));
    }

    // On a connection of its own: the application may have ended the one of before. A key that stays ends by itself.
    private async Task RemoveKeyAsync(TenantDescriptor place)
    {
        try
        {
            await using var session = await postgres.OpenAsync(place, CancellationToken.None);
            await OdooKeyRows.RemoveAsync(session.Connection, KeyName, CancellationToken.None);
        }
        catch (Exception away) when (away is NpgsqlException or ActivityFailureException)
        {
            return;
        }
    }
}
