using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Templates;

/// <summary>The empty database that a template begins as, and what it holds later.</summary>
public sealed class TemplateDatabase(PostgresConnector postgres, IDatabasePooler pooler, TimeProvider time, ILogger<TemplateDatabase> logger)
{
    // Without them the application works, only its searches are slower.
    private static readonly string[] Extensions = ["pg_trgm", "unaccent"];

    private const string ModulesSql = "select name, coalesce(state, '') from public.ir_module_module where name = any($1)";

    /// <summary>Creates the empty database, owned by who builds it and hidden from a running application; succeeds when it is there.</summary>
    public async Task CreateAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        var target = LabelledDatabase.Of(order);
        var builder = (await postgres.EnterAsync(DatabaseDescriptor.Of(order), cancellationToken)).Login.Role;
        await using (var session = await postgres.OpenMaintenanceAsync(order.ServerId, target.Maker, cancellationToken))
        {
            await session.TranslateErrorsAsync(target.Name, async () =>
            {
                var isIsolated = pooler.Serves(session.Server.Code);
                await LabelledDatabases.EndMakersAsync(session, target, time, cancellationToken);
                if (await LabelledDatabases.FindUsableAsync(session, target, cancellationToken) is not null)
                {
                    return Unit.Value;
                }

                if (!await LabelledDatabases.IsStagedAsync(session, target, cancellationToken))
                {
                    // Where tenants have roles of their own, the schema "public" of what it begins as is the templates' role's already.
                    var source = isIsolated ? $"template {SqlText.Identifier(TenantIsolationOptions.EmptyDatabase)}" : "encoding 'unicode' lc_collate 'C' template template0";
                    await session.ExecuteAsync(
                        $"create database {SqlText.Identifier(target.StagingName)} {source} is_template true allow_connections false", cancellationToken);
                }

                // Recorded while it is our login's, which is how an attempt that follows a crash knows it.
                await LabelledDatabases.RecordStagedAsync(session, target, cancellationToken);
                // Who fills the schema "public" has to own the database or the schema. The templates' role owns no database, ever: all that
                // it owns anywhere is what is given to a tenant.
                await session.ExecuteAsync(
                    isIsolated
                        ? $"grant create on database {SqlText.Identifier(target.StagingName)} to {SqlText.Identifier(builder)}"
                        : $"alter database {SqlText.Identifier(target.StagingName)} owner to {SqlText.Identifier(builder)}",
                    cancellationToken);
                await DatabaseAccess.OpenAsync(session, target.StagingName, builder, cancellationToken);
                await LabelledDatabases.PublishAsync(session, target, cancellationToken);
                return Unit.Value;
            });
        }

        await AddExtensionsAsync(order, cancellationToken);
    }

    /// <summary>Drops what was made of the template; succeeds when there is nothing.</summary>
    /// <returns>False if the name is borne by a database that is not ours.</returns>
    public async Task<bool> DropAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        var target = LabelledDatabase.Of(order);
        await using var session = await postgres.OpenMaintenanceAsync(order.ServerId, $"bibind drop {order.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () => await LabelledDatabases.DropAsync(session, target, time, cancellationToken) is null);
    }

    /// <summary>Which of the template's modules are not installed, each with its state; empty if all are.</summary>
    /// <param name="order">The template.</param>
    /// <param name="database">Its database, which may still bear its staging name.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyList<string>> FindMissingModulesAsync(CreateTemplateOrder order, string database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var session = await postgres.OpenAsync(DatabaseDescriptor.Of(order, database), cancellationToken);
        return await session.TranslateErrorsAsync<IReadOnlyList<string>>(async () =>
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

    private async Task AddExtensionsAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(DatabaseDescriptor.Of(order), cancellationToken);
        foreach (var extension in Extensions)
        {
            await session.TranslateErrorsAsync(async () =>
            {
                try
                {
                    await using var create = new NpgsqlCommand($"create extension if not exists {SqlText.Identifier(extension)} schema public", session.Connection);
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
