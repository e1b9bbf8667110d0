using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bibind.Activities.Application.Masking;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Makes a restored database a staging copy, in one transaction: masked, a tenant's own, without what goes out or runs by itself. The tenant's
/// code in it is switched off meanwhile, and nothing but PostgreSQL's own is found by an unqualified name.
/// </summary>
internal static class OdooStaging
{
    private const string Key = "bibind.staging";
    private const string OnlyOwnNames = "set search_path = pg_catalog, pg_temp";

    // What the application takes for its table though it is none, or is before it on its path.
    private const string FindDoublesSql =
        """
        select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and ((n.nspname = 'public' and c.relkind not in ('r', 'p')) or n.nspname = current_user)
        order by 1
        """;

    private const string FindGeneratedSql =
        """
        select c.relname::text, a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = to_regnamespace('public') and c.relkind in ('r', 'p') and a.attgenerated <> ''
        """;

    private const string WriteSql =
        "insert into public.ir_config_parameter (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value";

    /// <summary>Does it, and looks whether it is so.</summary>
    /// <exception cref="PermanentFailureException">Something in the database keeps it from being done.</exception>
    public static async Task<StagingReport> MakeAsync(NpgsqlConnection connection, StagingInput input, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, OnlyOwnNames, cancellationToken);
        var report = await ChangeAsync(connection, input, now, cancellationToken);

        // After the commit, which is when whatever waits for it has run. A forced policy would refuse the look too.
        await using var look = await connection.BeginTransactionAsync(cancellationToken);
        await TenantCode.SetAsideAsync(connection, cancellationToken);
        var loud = await OdooNeutral.FindLoudAsync(connection, cancellationToken);
        await look.RollbackAsync(cancellationToken);
        if (loud.Count > 0)
        {
            throw new PermanentFailureException($"The copy cannot be neutralised: it still has {string.Join("; ", loud)}. Something in the tenant's database keeps them: remove it there, and order again.");
        }

        return report;
    }

    /// <summary>True if a job of this tenant configured the database.</summary>
    public static async Task<bool> IsTenantsAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken) =>
        await OdooTables.FindAsync(connection, cancellationToken) is not null
        && OdooIdentity.IsTenants(await FindAsync(connection, OdooIdentity.TenantKey, cancellationToken), place);

    private static async Task<StagingReport> ChangeAsync(NpgsqlConnection connection, StagingInput input, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tables = await OdooTables.ReadAsync(connection, input.Place.Database, cancellationToken);
        await RefuseDoublesAsync(connection, tables, cancellationToken);
        await OdooIdentity.FindTenantAsync(connection, cancellationToken);
        if (await FindDoneAsync(connection, input, cancellationToken) is { } done)
        {
            return done;
        }

        var code = await TenantCode.SetAsideAsync(connection, cancellationToken);
        await ReleaseAsync(connection, tables, cancellationToken);
        if (input.ModuleStatements is { } statements)
        {
            await RunModulesAsync(connection, statements, cancellationToken);
        }

        // Before the rest: no rule may bring back what is taken away.
        var (columns, skipped) = await MaskedColumns.FindAsync(connection, input.Masking, cancellationToken);
        var masked = await TableMasking.RunAsync(connection, columns, cancellationToken);
        await using var steps = new SqlSteps(connection);
        await OdooAdoption.AddAsync(steps, connection, tables, input.Place, input.AdministratorHash, input.UserHash, now, cancellationToken);
        OdooNeutral.Stop(steps, tables);
        OdooLeftovers.ForgetAddresses(steps, tables);
        await steps.RunAsync(cancellationToken);
        var report = new StagingReport
        {
            Masked = masked,
            Skipped = skipped,
            Neutralised = OdooChanges.Of(steps.Ran),
            SetAside = code.Count,
            ByModules = input.ModuleStatements is not null,
        };
        await using (var write = new NpgsqlCommand(WriteSql, connection)
        {
            Parameters = { new() { Value = Key }, new() { Value = JsonSerializer.Serialize(new Done(ProofOf(input), report), JsonSerializerOptions.Web) } },
        })
        {
            await write.ExecuteNonQueryAsync(cancellationToken);
        }

        await code.GiveBackAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return report;
    }

    // The program writes for its own path of names; afterwards ours counts again.
    private static async Task RunModulesAsync(NpgsqlConnection connection, string statements, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(connection, $"set local search_path = pg_catalog, public, pg_temp;\n{statements}", cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState[..2] is "22" or "23" or "42" or "44" or "P0")
        {
            throw new PermanentFailureException($"A module's own neutralisation failed in the copy: {refused.MessageText} (SQLSTATE {refused.SqlState}).", refused);
        }

        await ExecuteAsync(connection, "set local search_path = pg_catalog, pg_temp", cancellationToken);
    }

    private static async Task RefuseDoublesAsync(NpgsqlConnection connection, OdooTables tables, CancellationToken cancellationToken)
    {
        string[] known = [.. tables.Columns.Select(c => c.Table).Concat(OdooLeftovers.Tables).Distinct()];
        await using var find = new NpgsqlCommand(FindDoublesSql, connection) { Parameters = { new() { Value = known } } };
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        var doubles = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            doubles.Add(reader.GetString(0));
        }

        if (doubles.Count > 0)
        {
            throw new PermanentFailureException(
                $"The copy cannot be neutralised: {string.Join(", ", doubles.Take(10))} stands in the place of a table of the application's, and what it shows cannot be told. Remove it in the tenant's database, and order again.");
        }
    }

    private static async Task ReleaseAsync(NpgsqlConnection connection, OdooTables tables, CancellationToken cancellationToken)
    {
        var written = OdooLeftovers.Columns.Concat(OdooSecrets.Find(tables).Select(c => (c.Table, c.Name))).ToHashSet();
        var generated = new List<(string, string)>();
        await using (var find = new NpgsqlCommand(FindGeneratedSql, connection))
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                generated.Add((reader.GetString(0), reader.GetString(1)));
            }
        }

        await TenantCode.ReleaseColumnsAsync(connection, [.. generated.Where(written.Contains)], cancellationToken);
    }

    private static async Task<StagingReport?> FindDoneAsync(NpgsqlConnection connection, StagingInput input, CancellationToken cancellationToken)
    {
        try
        {
            return await FindAsync(connection, Key, cancellationToken) is { } text && JsonSerializer.Deserialize<Done>(text, JsonSerializerOptions.Web) is { } done && done.Proof == ProofOf(input)
                ? done.Report
                : null;
        }
        catch (JsonException)
        {
            // Somebody wrote it by hand.
            return null;
        }
    }

    private static async Task<string?> FindAsync(NpgsqlConnection connection, string key, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand("select value from public.ir_config_parameter where key = $1", connection) { Parameters = { new() { Value = key } } };
        return await find.ExecuteScalarAsync(cancellationToken) as string;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // The tenant could write that it was done; the password's hash is what he cannot know before.
    private static string ProofOf(StagingInput input) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{input.Place.JobId}\n{input.AdministratorHash}")));

    private sealed record Done(string Proof, StagingReport Report);
}
