using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Makes a copy of a tenant's database one that nothing goes out of. It stays the tenant's in everything else: its people, its address.</summary>
internal static class OdooNeutral
{
    private const string MarkSql =
        """
        insert into public.ir_config_parameter (key, value) values ('database.is_neutralized', 'true')
        on conflict (key) do update set value = excluded.value
        """;

    /// <summary>Does it, and looks whether it is so.</summary>
    /// <exception cref="PermanentFailureException">Something in the database keeps it from being done.</exception>
    public static async Task MakeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await OdooTables.FindAsync(connection, cancellationToken) is not { } tables)
        {
            throw new PermanentFailureException("The copy holds no Odoo: nobody knows what could go out of it.");
        }

        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            await using var steps = new SqlSteps(connection);
            OdooLeftovers.Clear(steps, tables, CopyOf.Tenant);
            OdooSecrets.Clear(steps, tables);
            Stop(steps, tables);
            await steps.RunAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        // After the commit, which is when a tenant's deferred triggers run.
        if (await FindLoudAsync(connection, cancellationToken) is { Count: > 0 } loud)
        {
            throw new PermanentFailureException(
                $"The copy cannot be neutralised: it still has {string.Join("; ", loud)}. A trigger or rule in the tenant's database keeps them: remove it there, or upgrade the tenant by hand.");
        }
    }

    /// <summary>Adds what lets nothing run by itself, and says so to the application.</summary>
    public static void Stop(SqlSteps steps, OdooTables tables)
    {
        if (tables.Has("ir_cron", "active"))
        {
            steps.Add("update public.ir_cron set active = false where active");
        }

        steps.Add(MarkSql);
    }

    /// <summary>What could go out of a copy or run in it by itself, in words.</summary>
    public static async Task<IReadOnlyList<string>> FindLoudAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await OdooTables.FindAsync(connection, cancellationToken) is { } tables
            ? await OdooCleanliness.FindInCopyAsync(connection, tables, cancellationToken)
            : ["no application that is known here"];
}
