using System.Text.Json;
using Bibind.Functions.Tests.Hosting;

namespace Bibind.WebConsole.Tests;

/// <summary>Rows as an installation has after a while: something in every state.</summary>
internal static class SampleRows
{
    /// <summary>What people may fill in, and would do harm where it is not shown as text.</summary>
    public const string Hostile = """<script>alert(1)</script>"><img src=x onerror=alert(2)>{{7*7}}javascript:alert(3)""";

    public static async Task AddAsync(ApiHost host)
    {
        await host.OrderTenantAsync("acme");
        await host.OrderTenantAsync("globex");
        await host.OrderTenantAsync("initech");
        var hostile = Hostile.Replace("'", "''", StringComparison.Ordinal);
        await host.ExecuteAsync(
            $$"""
            update control.tenants set state = 'active', activated_at = now() - interval '20 days', created_at = now() - interval '20 days', users = 12, database_bytes = 734003200, storage_bytes = 5368709120, customer_name = 'Ada Byron', customer_email = 'ada@acme.example', name = 'Acme Ltd' where code = 'acme';
            insert into control.tenant_usage (tenant_id, server_id, due_at, measured_at, users, database_bytes, file_store_bytes, bucket_bytes)
              select id, server_id, now(), now() - interval '7 minutes', 12, 734003200, 1073741824, 4294967296 from control.tenants where code = 'acme'
              on conflict (tenant_id) do update set measured_at = excluded.measured_at, users = 12, database_bytes = 734003200, file_store_bytes = 1073741824, bucket_bytes = 4294967296;
            insert into control.usage_hours (tenant_id, at, users, database_bytes, file_store_bytes, bucket_bytes)
              select id, date_trunc('hour', now()) - n * interval '1 hour', 8 + n % 5, 734003200 - n * 4000000, 1073741824, 4294967296 - n * 20000000 from control.tenants, generate_series(1, 72) n where code = 'acme';
            update control.jobs set finished_at = now() - interval '3 hours', created_at = now() - interval '3 hours 1 minute', outcome = 'succeeded' where tenant_code = 'acme';
            update control.tenants set state = 'suspended', activated_at = now() - interval '90 days', name = 'Globex Corporation' where code = 'globex';
            update control.jobs set finished_at = now() - interval '2 hours', created_at = now() - interval '2 hours 2 minutes', outcome = 'failed', reason = 'The route could not be published: the proxy answered 502. Look whether it runs, then go on from this step.'
              where tenant_code = 'globex';
            insert into control.tenant_suspensions (tenant_id, cause, reason, requested_by, job_id, ordered_at)
              select id, 'payment', 'Invoice 4711 was not paid.', 'billing', 'suspend-globex-1', now() - interval '2 days' from control.tenants where code = 'globex';
            insert into control.pending_items (tenant_id, kind, since, reason, attempts, last_attempt, next_attempt)
              select id, 'first-backup', now() - interval '30 minutes', 'The object store did not answer: connection refused.', 3, now() - interval '4 minutes', now() + interval '6 minutes'
              from control.tenants where code = 'acme';
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
              select 'acme-1', id, 'scheduled', 'acme/1', 'acme/1.json', 73400320, repeat('a', 64), now() - interval '9 hours' from control.tenants where code = 'acme';
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at, kept_until)
              select 'acme-2', id, 'manual', 'acme/2', 'acme/2.json', 71303168, repeat('b', 64), now() - interval '2 days', now() + interval '5 days' from control.tenants where code = 'acme';
            insert into control.certificates (name, tenant_id, host, issuer, not_before, not_after, look_at, failures, last_failure, updated_at)
              select 'acme', id, 'shop.acme.example', 'Example CA', now() - interval '80 days', now() + interval '10 days', now(), 2, 'The authority answered: rate limit reached.', now()
              from control.tenants where code = 'acme';
            insert into control.missing_backups (tenant_id, last_at, expected_by, since, reason)
              select id, now() - interval '3 days', now() - interval '1 day', now() - interval '20 hours', 'Job ''backup-globex-9'' has failed: the server does not answer.' from control.tenants where code = 'globex';
            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, cause, reason, deliveries, received_at, updated_at)
              values ('evt-1', 'invoice.paid', 'acme', 7, now() - interval '1 day', '{"paidUntil": "2027-01-31"}', 'done', null, null, 1, now() - interval '1 day', now() - interval '1 day'),
                     ('evt-2', 'plan.changed', 'nobody', 3, now() - interval '5 hours', '{"plan": "gold"}', 'parked', 'unknown-tenant', 'There is no tenant ''nobody''.', 4, now() - interval '5 hours', now());
            insert into control.jobs (id, kind, subject, requested_by, changing, created_at, finished_at, outcome, reason)
              select 'verify-' || n, 'verify-backup', 'acme', 'trials', false, now() - n * interval '9 minutes', now() - n * interval '9 minutes' + interval '41 seconds', case when n % 17 = 0 then 'failed' else 'succeeded' end,
                     case when n % 17 = 0 then 'The backup cannot be read: its end is missing.' end
              from generate_series(1, 150) n;
            insert into control.jobs (id, kind, subject, requested_by, changing, created_at, finished_at, outcome, reason)
              values ('hostile-1', 'verify-backup', '{{hostile}}', '{{hostile}}', false, now() - interval '1 minute', now(), 'failed', '{{hostile}}');
            update control.tenants set name = '{{hostile}}', customer_name = '{{hostile}}', reason = '{{hostile}}', state = 'failed', ended_at = now() where code = 'initech';
            update control.jobs set finished_at = now(), outcome = 'failed', reason = '{{hostile}}' where tenant_code = 'initech';
            """);
        (await host.SendAsync(HttpMethod.Post, $"/webhooks/odoo/{ApiHost.WebhookToken}", token: null, JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["_model"] = "sale.order",
            ["_id"] = 42,
            ["x_code"] = Hostile,
            ["name"] = Hostile,
            ["partner_name"] = Hostile,
        }))).Dispose();
        (await host.SendAsync(HttpMethod.Post, "/api/tenants/acme/domains", ApiHost.ManagerToken, """{"name": "shop.acme.example"}""")).Dispose();
    }
}
