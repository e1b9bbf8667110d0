using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Templates;

/// <summary>Checks that the template holds what a tenant's configuration will need.</summary>
public sealed class SmokeTestTemplate(PostgresConnector postgres, TemplateDatabase databases) : TaskActivity<CreateTemplateOrder, Nothing>
{
    private const string PartsSql = """
        select exists (select from ir_model_data d join res_users u on u.id = d.res_id where d.module = 'base' and d.name = 'user_admin'),
               exists (select from ir_model_data d join res_company c on c.id = d.res_id where d.module = 'base' and d.name = 'main_company'),
               exists (select from res_lang where code = $1 and active)
        """;

    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        await using (var session = await postgres.OpenAsync(DatabasePlace.Of(order), context.CancellationToken))
        {
            // What somebody else fills, with an application that we need not know, is only connected to.
            if (order.Initialisation == Initialisations.None)
            {
                return Nothing.Value;
            }

            var missing = await session.InWordsAsync(() => FindMissingPartsAsync(session, order, context.CancellationToken));
            if (missing.Count > 0)
            {
                throw new PermanentFailureException($"The template '{order.Code}' lacks {string.Join(", ", missing)}.");
            }
        }

        if (await databases.FindMissingModulesAsync(order, order.Database, context.CancellationToken) is { Count: > 0 } modules)
        {
            throw new PermanentFailureException($"The template '{order.Code}' lacks the modules {string.Join(", ", modules)}.");
        }

        return Nothing.Value;
    }

    private static async Task<List<string>> FindMissingPartsAsync(DatabaseSession session, CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        _ = await OdooTables.ReadAsync(session.Connection, order.Database, cancellationToken);
        await using var command = new NpgsqlCommand(PartsSql, session.Connection) { Parameters = { new() { Value = order.Language } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        string[] parts = ["an administrator (base.user_admin)", "a main company (base.main_company)", $"the language {order.Language}"];
        return [.. parts.Where((_, i) => !reader.GetBoolean(i))];
    }
}
