using Bibind.Activities.Database;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>
/// Compiled scripts and styles, which the application keeps as attachments: it makes those anew that have no row, and answers
/// those empty whose file is not there.
/// </summary>
internal static class CompiledAssets
{
    /// <summary>Forgets those that are kept in files.</summary>
    public const string ForgetSql = "delete from public.ir_attachment where url like '/web/assets/%' and store_fname is not null";

    private const string HasThemSql = """
        select count(*) = 2 from information_schema.columns
        where table_schema = 'public' and table_name = 'ir_attachment' and column_name in ('url', 'store_fname')
        """;

    /// <summary>Forgets, in a database that came without its files, those that are kept in files; does nothing where there is no such table.</summary>
    public static async Task ForgetAsync(PostgresConnector postgres, DatabasePlace place, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        await session.InWordsAsync(async () =>
        {
            await using var look = new NpgsqlCommand(HasThemSql, session.Connection);
            if (await look.ExecuteScalarAsync(cancellationToken) is true)
            {
                await using var forget = new NpgsqlCommand(ForgetSql, session.Connection);
                await forget.ExecuteNonQueryAsync(cancellationToken);
            }

            return true;
        });
    }
}
