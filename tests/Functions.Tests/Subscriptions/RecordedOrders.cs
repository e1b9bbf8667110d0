using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Npgsql;

namespace Bibind.Functions.Tests.Subscriptions;

/// <summary>
/// Takes the orders of subscriptions as jobs without orchestrations, in the caller's transaction, and does them when a test says so: then a job runs, fails, or
/// is in the way for as long as the test wants.
/// </summary>
internal sealed class RecordedOrders : ISubscriptionOrdering
{
    private const string Open = "j.kind in ('suspend', 'resume', 'change-plan') and j.finished_at is null";

    /// <summary>True if the next order breaks off, as a process does that is killed.</summary>
    public bool BreaksOff { get; set; }

    public Task<TenantAccepted> SuspendWithinAsync(UnitOfWork work, string code, string cause, string reason, string requestedBy) =>
        OrderAsync(work, code, "suspend", null, cause);

    public Task<TenantAccepted> ResumeWithinAsync(UnitOfWork work, string code, string reason, string requestedBy) =>
        OrderAsync(work, code, "resume", null, null);

    public Task<TenantAccepted> ChangePlanWithinAsync(UnitOfWork work, string code, string plan, string reason, string requestedBy) =>
        OrderAsync(work, code, "change-plan", plan, null);

    /// <summary>Does what was ordered; with <paramref name="fail"/> the jobs end without an effect.</summary>
    public static async Task RunJobsAsync(NpgsqlDataSource database, bool fail = false)
    {
        await using var command = database.CreateCommand(
            $"""
            {(fail ? string.Empty : $"""
            update control.tenants t set state = case j.kind when 'suspend' then 'suspended' when 'resume' then 'active' else t.state end, plan = coalesce(j.result ->> 'plan', t.plan)
            from control.jobs j where j.tenant_id = t.id and {Open} and t.state in ('active', 'suspended');
            """)}
            update control.jobs j set finished_at = now(), outcome = '{(fail ? "failed" : "succeeded")}' where {Open}
            """);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>What was ordered for a tenant and is not done yet.</summary>
    public static async Task<string> OpenAsync(NpgsqlDataSource database, string code)
    {
        await using var command = database.CreateCommand(
            $"""
            select coalesce(string_agg(concat_ws(' ', j.kind, j.result ->> 'plan', j.result ->> 'cause'), ', ' order by j.created_at), '')
            from control.jobs j where j.tenant_code = '{code}' and {Open}
            """);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private async Task<TenantAccepted> OrderAsync(UnitOfWork work, string code, string action, string? plan, string? cause)
    {
        var id = $"{action}-{code}-{Guid.NewGuid():N}";
        await using var command = new NpgsqlCommand(
            "select count(*) from control.jobs where tenant_code = @code and changing and finished_at is null", work.Connection, work.Transaction);
        command.Parameters.AddWithValue("code", code);
        if ((long)(await command.ExecuteScalarAsync(work.CancellationToken))! > 0)
        {
            throw new ProblemException(ProblemFactory.Conflict("job-running", "A job of this tenant is running", $"Another job of '{code}' is running."));
        }

        command.CommandText =
            """
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, created_at, result)
            select @id, @action, id, code, code, 'test', clock_timestamp(), jsonb_build_object('plan', @plan, 'cause', @cause)
            from control.tenants where code = @code and state in ('active', 'suspended')
            """;
        command.Parameters.AddWithValue("id", id);
        command.Parameters.AddWithValue("action", action);
        command.Parameters.Add(new NpgsqlParameter("plan", NpgsqlTypes.NpgsqlDbType.Text) { Value = (object?)plan ?? DBNull.Value });
        command.Parameters.Add(new NpgsqlParameter("cause", NpgsqlTypes.NpgsqlDbType.Text) { Value = (object?)cause ?? DBNull.Value });
        await command.ExecuteNonQueryAsync(work.CancellationToken);
        if (BreaksOff)
        {
            BreaksOff = false;
            throw new InvalidOperationException("The process was killed.");
        }

        return new TenantAccepted(code, action, id);
    }
}
