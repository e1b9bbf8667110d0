using System.Globalization;
using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>What makes a clone a database of its own: its ids and secrets, and nothing of the template's that lets anybody in.</summary>
internal static class OdooIdentity
{
    /// <summary>The parameter that remembers who configured the database.</summary>
    public const string TenantKey = "bibind.tenant";

    // One number for every tenant: advisory locks are kept apart by database.
    private const string LockSql = "select pg_advisory_xact_lock(1651075689)";
    private const string FindTenantSql = "select value from public.ir_config_parameter where key = $1";

    /// <summary>Tenant and job: a repeated step finds its own work and leaves it.</summary>
    public static string TenantValue(TenantDescriptor place) =>
        string.Create(CultureInfo.InvariantCulture, $"{place.TenantId} {place.JobId}");

    /// <summary>True if a job of the tenant configured it: a restored database says the job of its own time.</summary>
    public static bool IsTenants(string? value, TenantDescriptor place) =>
        value?.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{place.TenantId} "), StringComparison.Ordinal) ?? false;

    /// <summary>Whose the database is, held until the end of the transaction: of two deliveries of a step the second finds the first's work.</summary>
    public static async Task<string?> FindTenantAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var steps = new SqlSteps(connection);
        steps.Add(LockSql);
        await steps.RunAsync(cancellationToken);
        await using var find = new NpgsqlCommand(FindTenantSql, connection) { Parameters = { new() { Value = TenantKey } } };
        return (string?)await find.ExecuteScalarAsync(cancellationToken);
    }

    public static void Write(SqlSteps steps, OdooTables tables, TenantDescriptor place, DateTimeOffset now)
    {
        var parameters = new Dictionary<string, string>
        {
            ["database.uuid"] = UuidVersion1.Make(now).ToString(),
            ["database.secret"] = Guid.NewGuid().ToString(),
            ["database.create_date"] = now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            ["web.base.url"] = place.BaseUrl,
            // Else the first login of an administrator replaces the address by the one that was asked for.
            ["web.base.url.freeze"] = "True",
            [TenantKey] = TenantValue(place),
        };
        if (tables.Has("auth_oauth_provider", "client_id"))
        {
            steps.Add(
                "update public.auth_oauth_provider set client_id = $1 where client_id = (select value from public.ir_config_parameter where key = 'database.uuid')",
                parameters["database.uuid"]);
        }

        steps.Add(
            """
            insert into public.ir_config_parameter (key, value, create_date, write_date)
            select p.key, p.value, $3, $3 from unnest($1::text[], $2::text[]) as p (key, value)
            on conflict (key) do update set value = excluded.value, write_date = excluded.write_date
            """,
            parameters.Keys.ToArray(), parameters.Values.ToArray(), Timestamp(now));
        steps.Add("delete from public.ir_config_parameter where key like 'database.expiration%' or key = 'database.enterprise_code'");

        // Those whose files stayed with the template. Those that came along save the first visitor the wait.
        if (!place.HasFileStore && tables.Has("ir_attachment", "url") && tables.Has("ir_attachment", "store_fname"))
        {
            steps.Add(CompiledAssets.ForgetSql);
        }
    }

    // The application keeps UTC in columns without a time zone.
    public static DateTime Timestamp(DateTimeOffset now) => DateTime.SpecifyKind(now.UtcDateTime, DateTimeKind.Unspecified);

    /// <summary>Nothing of the original may go out, be called or run at once in the customer's name.</summary>
    public static void Silence(SqlSteps steps, OdooTables tables, CopyOf original, DateTimeOffset now)
    {
        OdooLeftovers.Clear(steps, tables, original);
        OdooSecrets.Clear(steps, tables);
        if (!tables.Has("ir_cron", "nextcall"))
        {
            return;
        }

        // An old template's crons are all overdue and would start together; each waits its own interval instead.
        steps.Add(
            """
            update public.ir_cron set lastcall = null, nextcall = $1 + case interval_type
              when 'minutes' then make_interval(mins => interval_number)
              when 'hours' then make_interval(hours => interval_number)
              when 'days' then make_interval(days => interval_number)
              when 'weeks' then make_interval(weeks => interval_number)
              else make_interval(months => interval_number) end
            """,
            Timestamp(now));
        if (tables.Has("ir_cron", "failure_count") && tables.Has("ir_cron", "first_failure_date"))
        {
            steps.Add("update public.ir_cron set failure_count = 0, first_failure_date = null where failure_count <> 0 or first_failure_date is not null");
        }
    }
}
