using System.Globalization;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>
/// Reads which modules there are out of a tenant's database, which the tenant may have filled with anything: as the tenant's own login, in a
/// transaction that only reads, and only out of plain tables whose columns are what they should be. They are locked against changes before they
/// are looked at; no function or operator of the tenant's is run, and what is read is cut to a sane size.
/// </summary>
public static class ModuleReader
{
    private const int MostModules = 5000;
    private const int MostNeeds = 50_000;
    private const int LongestName = 128;

    private static readonly PlainTable[] Tables =
    [
        new("ir_module_module", ("id", "integer"), ("name", "character varying"), ("state", "character varying"), ("latest_version", "character varying"), ("shortdesc", "jsonb"), ("application", "boolean")),
        new("ir_module_module_dependency", ("module_id", "integer"), ("name", "character varying")),
        new("ir_model_data", ("module", "character varying"), ("name", "character varying"), ("res_id", "integer")),
        new("res_company", ("id", "integer"), ("primary_color", "character varying"), ("secondary_color", "character varying"), ("font", "character varying")),
    ];

    private const string LockSql =
        "lock table only public.ir_module_module, only public.ir_module_module_dependency, only public.ir_model_data, only public.res_company in access share mode";

    private const string ModulesSql =
        """
        select id, pg_catalog.left(name::pg_catalog.text, 129), pg_catalog.left(state::pg_catalog.text, 32), pg_catalog.left(latest_version::pg_catalog.text, 64),
               case when pg_catalog.jsonb_typeof(shortdesc) operator(pg_catalog.=) 'object'::pg_catalog.text
                 then pg_catalog.left(shortdesc operator(pg_catalog.->>) 'en_US'::pg_catalog.text, 200) end,
               application
        from only public.ir_module_module where name is not null limit 5001
        """;

    private const string NeedsSql =
        """
        select pg_catalog.left(m.name::pg_catalog.text, 129), pg_catalog.left(d.name::pg_catalog.text, 129)
        from only public.ir_module_module_dependency d join only public.ir_module_module m on m.id operator(pg_catalog.=) d.module_id
        where m.name is not null and d.name is not null limit 50001
        """;

    private const string CompanySql =
        """
        select c.id, pg_catalog.left(c.primary_color::pg_catalog.text, 32), pg_catalog.left(c.secondary_color::pg_catalog.text, 32), pg_catalog.left(c.font::pg_catalog.text, 64)
        from only public.res_company c
        where c.id operator(pg_catalog.=) (
          select d.res_id from only public.ir_model_data d
          where d.module::pg_catalog.text operator(pg_catalog.=) 'base'::pg_catalog.text and d.name::pg_catalog.text operator(pg_catalog.=) 'main_company'::pg_catalog.text limit 1)
        """;

    /// <summary>What there is.</summary>
    /// <param name="session">In the tenant's database.</param>
    /// <param name="limit">How long each statement may take.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ActivityFailureException">It cannot be read; says why.</exception>
    public static Task<ModuleList> RunAsync(DatabaseSession session, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.TranslateErrorsAsync(async () =>
        {
            var milliseconds = Math.Max(1, (long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            await ExecuteAsync(session, $"set statement_timeout = {milliseconds}; set lock_timeout = {milliseconds}; start transaction read only", cancellationToken);
            try
            {
                // Looked at first, too: a lock of a view would reach for what is behind it.
                await CheckAsync(session, cancellationToken);
                await ExecuteAsync(session, LockSql, cancellationToken);
                await CheckAsync(session, cancellationToken);
                var (company, look) = await ReadCompanyAsync(session, cancellationToken);
                return new ModuleList
                {
                    Modules = await ReadModulesAsync(session, cancellationToken),
                    Needs = await ReadNeedsAsync(session, cancellationToken),
                    CompanyId = company,
                    Look = look,
                };
            }
            finally
            {
                if (session.Connection.FullState == System.Data.ConnectionState.Open)
                {
                    await ExecuteAsync(session, "rollback", CancellationToken.None);
                }
            }
        });
    }

    private static async Task<IReadOnlyDictionary<string, TenantModule>> ReadModulesAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(
            session, ModulesSql,
            r => new TenantModule(
                r.GetInt32(0), r.GetString(1), TextOf(r, 2) ?? string.Empty, TextOf(r, 3), TextOf(r, 4), !r.IsDBNull(5) && r.GetBoolean(5)),
            cancellationToken);
        return rows.Count <= MostModules
            ? rows.Where(m => m.Name.Length <= LongestName).GroupBy(m => m.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal)
            : throw TooMany(session, "ir_module_module", MostModules);
    }

    private static async Task<ILookup<string, string>> ReadNeedsAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(session, NeedsSql, r => (Module: r.GetString(0), Needed: r.GetString(1)), cancellationToken);
        return rows.Count <= MostNeeds
            ? rows.ToLookup(r => r.Module, r => r.Needed, StringComparer.Ordinal)
            : throw TooMany(session, "ir_module_module_dependency", MostNeeds);
    }

    private static async Task<(int? Id, ThemeLook Look)> ReadCompanyAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(
            session, CompanySql,
            r => (Id: r.GetInt32(0), Look: new ThemeLook { PrimaryColor = TextOf(r, 1), SecondaryColor = TextOf(r, 2), Font = TextOf(r, 3) }),
            cancellationToken);
        return rows.Count == 1 ? (rows[0].Id, rows[0].Look) : (null, new ThemeLook());
    }

    private static string? TextOf(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private static PermanentFailureException TooMany(DatabaseSession session, string table, int most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The database '{session.Entry.Database}' has more than {most} rows in {table}: no application has so many, so they are not read."));

    private static async Task CheckAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        foreach (var table in Tables)
        {
            if (!await table.IsPlainAsync(session.Connection, cancellationToken))
            {
                throw new PermanentFailureException(
                    $"In the database '{session.Entry.Database}' public.{table.Name} is not the application's plain table with the columns {string.Join(", ", table.Columns.Select(c => c.Name))}, so its modules are not read.");
            }
        }
    }

    private static async Task<IReadOnlyList<T>> QueryAsync<T>(DatabaseSession session, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, session.Connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static async Task ExecuteAsync(DatabaseSession session, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, session.Connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
