using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Templates;

/// <summary>The empty database that a template begins as, and what it holds later.</summary>
public sealed class TemplateDatabase(PostgresConnector postgres, TimeProvider time, ILogger<TemplateDatabase> logger)
{
    // Without them the application works, only its searches are slower.
    private static readonly string[] Extensions = ["pg_trgm", "unaccent"];

    private const string ModulesSql = "select name, coalesce(state, '') from ir_module_module where name = any($1)";

    private const string GiveAwaySql = """
        do $do$
        declare statement text;
        begin
          for statement in
            select format('alter %s %s owner to %I', kind, name, current_setting('bibind.role')) from (
              select case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
                     c.oid::regclass::text as name
              from pg_class c
              where c.relowner = (select oid from pg_roles where rolname = current_user) and c.relkind in ('r', 'p', 'v', 'm', 'S')
                and c.relnamespace = to_regnamespace('public')
                and not exists (select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i', 'e'))
              union all
              select 'function', p.oid::regprocedure::text from pg_proc p
              where p.proowner = (select oid from pg_roles where rolname = current_user) and p.prokind = 'f'
                and p.pronamespace = to_regnamespace('public')
                and not exists (select from pg_depend d where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')
            ) owned
          loop
            execute statement;
          end loop;
        end $do$
        """;

    /// <summary>Creates the empty database, hidden from a running application; succeeds when it is there.</summary>
    public async Task CreateAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        var target = MarkedDatabase.Of(order);
        await using (var session = await postgres.OpenMaintenanceAsync(order.ServerId, target.Maker, cancellationToken))
        {
            await session.InWordsAsync(target.Name, async () =>
            {
                await MarkedDatabases.EndMakersAsync(session, target, time, cancellationToken);
                if (await MarkedDatabases.FindUsableAsync(session, target, cancellationToken) is not null)
                {
                    return Nothing.Value;
                }

                if (!await MarkedDatabases.IsStagedAsync(session, target, cancellationToken))
                {
                    await session.ExecuteAsync(
                        $"""
                        create database {SqlText.Identifier(target.StagingName)}
                        encoding 'unicode' lc_collate 'C' template template0 is_template true
                        """,
                        cancellationToken);
                }

                // Recorded while it is our login's, which is how an attempt that follows a crash knows it.
                await MarkedDatabases.RecordStagedAsync(session, target, cancellationToken);
                await session.ExecuteAsync(
                    $"alter database {SqlText.Identifier(target.StagingName)} owner to {SqlText.Identifier(session.Server.ApplicationRole)}", cancellationToken);
                await MarkedDatabases.PublishAsync(session, target, cancellationToken);
                return Nothing.Value;
            });
        }

        await AddExtensionsAsync(order, cancellationToken);
    }

    /// <summary>Drops what was made of the template; succeeds when there is nothing.</summary>
    /// <returns>False if the name is borne by a database that is not ours.</returns>
    public async Task<bool> DropAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        var target = MarkedDatabase.Of(order);
        await using var session = await postgres.OpenMaintenanceAsync(order.ServerId, $"bibind drop {order.Code}", cancellationToken);
        return await session.InWordsAsync(target.Name, async () => await MarkedDatabases.DropAsync(session, target, time, cancellationToken) is null);
    }

    /// <summary>Which of the template's modules are not installed, each with its state; empty if all are.</summary>
    /// <param name="order">The template.</param>
    /// <param name="database">Its database, which may still bear its staging name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<string>> FindMissingModulesAsync(CreateTemplateOrder order, string database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var session = await postgres.OpenAsync(order.ServerId, database, cancellationToken);
        return await session.InWordsAsync<IReadOnlyList<string>>(async () =>
        {
            var states = new Dictionary<string, string>(StringComparer.Ordinal);
            try
            {
                await using var command = new NpgsqlCommand(ModulesSql, session.Connection) { Parameters = { new() { Value = order.Modules.ToArray() } } };
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken))
                {
                    states[reader.GetString(0)] = reader.GetString(1);
                }
            }
            catch (PostgresException empty) when (empty.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                // Nothing is installed where there is not even a list of modules.
            }

            return [.. order.Modules
                .Where(m => states.GetValueOrDefault(m) != "installed")
                .Select(m => states.TryGetValue(m, out var state) ? $"{m} ({state})" : $"{m} (unknown to the application)")];
        });
    }

    /// <summary>Gives to the application's role what was made under ours, so that clones of it work for the application.</summary>
    public async Task GiveToApplicationAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var session = await postgres.OpenAsync(order.ServerId, order.Database, cancellationToken);
        if (session.Server.DatabaseUser == session.Server.ApplicationRole)
        {
            return;
        }

        await session.InWordsAsync(async () =>
        {
            await using var role = new NpgsqlCommand("select set_config('bibind.role', $1, false)", session.Connection)
            {
                Parameters = { new() { Value = session.Server.ApplicationRole } },
            };
            await role.ExecuteNonQueryAsync(cancellationToken);
            await using var give = new NpgsqlCommand(GiveAwaySql, session.Connection);
            return await give.ExecuteNonQueryAsync(cancellationToken);
        });
    }

    private async Task AddExtensionsAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(order.ServerId, order.Database, cancellationToken);
        foreach (var extension in Extensions)
        {
            await session.InWordsAsync(async () =>
            {
                try
                {
                    await using var create = new NpgsqlCommand($"create extension if not exists {SqlText.Identifier(extension)}", session.Connection);
                    return await create.ExecuteNonQueryAsync(cancellationToken);
                }
                catch (PostgresException unavailable) when (unavailable.SqlState
                    is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedFile or PostgresErrorCodes.FeatureNotSupported)
                {
                    logger.ExtensionUnavailable(extension, order.Database, unavailable.MessageText);
                    return 0;
                }
            });
        }
    }
}
