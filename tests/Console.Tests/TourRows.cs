using Bibind.Functions.Tests.Hosting;

namespace Bibind.WebConsole.Tests;

/// <summary>An installation that nobody has, as one looks after some months.</summary>
internal static class TourRows
{
    private static readonly (string Code, string Name, string Person)[] Tenants =
    [
        ("aster", "Aster Garden Centre", "Mara Lindqvist"), ("bluebird", "Bluebird Bakery", "Jonas Veld"), ("cedar", "Cedar & Stone Architects", "Inès Moreau"),
        ("delta", "Delta Marine Supplies", "Tomas Kral"), ("elm", "Elm Street Clinic", "Rosa Almeida"), ("fjord", "Fjord Outdoor", "Siri Dahl"),
        ("gable", "Gable Roofing", "Peter Novak"), ("ivory", "Ivory Piano Workshop", "Lena Fischer"), ("kestrel", "Kestrel Logistics", "Owen Hart"),
        ("lumen", "Lumen Lighting", "Clara Jansen"), ("maple", "Maple Furniture", "Noor Haddad"),
    ];

    public static async Task AddAsync(ApiHost host)
    {
        await host.AddServerAsync("paris-2", 5432);
        await host.AddServerAsync("ghent-1", 5432);
        await host.ExecuteAsync(Servers);
        foreach (var (code, name, person) in Tenants)
        {
            await OrderAsync(host, code, name, person);
        }

        var waiting = await OrderAsync(host, TourOrchestrators.Waiting, "Harbour Lights Hotel", "Ewa Lis");
        await OrderAsync(host, TourOrchestrators.Failing, "Juniper Distillery", "Hugo Berg");
        foreach (var (code, _, _) in Tenants)
        {
            await host.WaitAsync($"/api/jobs?tenant={code}", jobs => jobs.GetProperty("items")[0].GetProperty("state").GetString() == "succeeded");
        }

        await host.WaitAsync($"/api/jobs/{waiting}", job => job.GetProperty("state").GetString() == "retrying");
        await host.WaitAsync($"/api/jobs?tenant={TourOrchestrators.Failing}", jobs => jobs.GetProperty("items")[0].GetProperty("state").GetString() == "failed");
        await host.ExecuteAsync(OfTenants);
        await host.ExecuteAsync(OfTheRest);
        (await host.SendAsync(HttpMethod.Post, "/api/tenants/bluebird/domains", ApiHost.ManagerToken, """{"name": "shop.bluebird.example"}""")).Dispose();
        (await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", ApiHost.AdminToken, """{"name": "nightly-report", "role": "viewer", "reason": "Reads usage for the monthly report"}""")).Dispose();
        (await host.SendAsync(HttpMethod.Post, "/api/operator-tokens", ApiHost.AdminToken, """{"name": "ci-deploy", "role": "manager", "reason": "Orders trial tenants from the pipeline"}""")).Dispose();
        (await host.SendAsync(HttpMethod.Put, "/api/views/Failed%20backups", ApiHost.AdminToken, """{"path": "/console/jobs?kind=verify-backup&state=failed"}""")).Dispose();
        (await host.SendAsync(HttpMethod.Put, "/api/views/Long%20jobs", ApiHost.AdminToken, """{"path": "/console/jobs?minDurationMs=60000"}""")).Dispose();
    }

    private static async Task<string> OrderAsync(ApiHost host, string code, string name, string person)
    {
        using var answer = await host.OrderAsync(
            $$"""{"code": "{{code}}", "name": "{{name}}", "offer": "odoo-shared", "plan": "{{(code[0] < 'f' ? "pro" : "starter")}}", "customer": "c-{{code}}", "customerName": "{{person}}", "customerEmail": "office@{{code}}.example"}""");
        answer.EnsureSuccessStatusCode();
        return (await ApiHost.JsonAsync(answer)).GetProperty("job").GetString()!;
    }

    private const string Servers =
        """
        update control.servers set name = case code when 'paris-1' then 'Paris 1' when 'paris-2' then 'Paris 2' else 'Ghent 1' end, region = case when code like 'paris%' then 'fr' else 'be' end,
          state = 'active', health = case code when 'paris-2' then 'warning' else 'healthy' end, health_reason = case code when 'paris-2' then 'Of the disk 11 % are free.' end,
          url = 'http://' || code || '.internal:8069', db_host = case code when 'paris-1' then db_host else code || '.internal' end, cpu_cores = 8, memory_gb = 32, disk_gb = 500, max_tenants = case code when 'ghent-1' then 40 else 60 end,
          last_check = now() - interval '40 seconds', created_at = now() - interval '200 days';
        insert into control.server_checks (server_id, checked_at, health, reason, measures)
          select s.id, now() - n * interval '5 minutes', case when s.code = 'paris-2' and n < 9 then 'warning' else 'healthy' end, case when s.code = 'paris-2' and n < 9 then 'Of the disk 11 % are free.' end,
                 jsonb_build_object('applicationMilliseconds', 40 + (n * 7) % 23, 'databaseMilliseconds', 3 + n % 4, 'connections', 30 + (n * 5) % 17, 'maxConnections', 200)
          from control.servers s, generate_series(0, 47) n order by n desc;
        """;

    private const string OfTenants =
        """
        update control.jobs set finished_at = created_at + interval '2.9 seconds', outcome = 'succeeded' where kind = 'provision' and tenant_code not in ('harbour', 'juniper');
        update control.jobs set finished_at = now() - interval '12 minutes', outcome = 'failed', reason = 'The proxy answered 502. Look whether it runs, then go on from this step.' where tenant_code = 'juniper';
        update control.tenants set state = 'failed', reason = 'The proxy answered 502.', ended_at = now() - interval '12 minutes' where code = 'juniper';
        update control.tenants t set state = 'active', activated_at = now() - (10 + id % 90) * interval '1 day', created_at = now() - (10 + id % 90) * interval '1 day', users = 4 + (id * 7) % 31,
          database_bytes = (180 + (id * 97) % 900) * 1048576, storage_bytes = (1 + (id * 13) % 17) * 536870912, release = '19.0-20261001',
          server_id = (select id from control.servers where code = (array['paris-1', 'paris-2', 'ghent-1'])[1 + t.id % 3])
          where code not in ('harbour', 'juniper');
        update control.tenants set state = 'suspended', max_users = 10 where code = 'gable';
        insert into control.tenant_suspensions (tenant_id, cause, reason, requested_by, job_id, ordered_at)
          select id, 'payment', 'Invoice 2026-1042 has not been paid for 21 days.', 'billing', 'suspend-gable-1', now() - interval '2 days' from control.tenants where code = 'gable';
        insert into control.tenant_usage (tenant_id, server_id, due_at, measured_at, users, database_bytes, file_store_bytes, bucket_bytes)
          select id, server_id, now() + interval '20 minutes', now() - interval '7 minutes', users, database_bytes, storage_bytes / 3, storage_bytes * 2 / 3 from control.tenants where state = 'active'
          on conflict (tenant_id) do update set measured_at = excluded.measured_at, users = excluded.users, database_bytes = excluded.database_bytes, file_store_bytes = excluded.file_store_bytes, bucket_bytes = excluded.bucket_bytes;
        insert into control.usage_hours (tenant_id, at, users, database_bytes, file_store_bytes, bucket_bytes)
          select id, date_trunc('hour', now()) - n * interval '1 hour', 9 + (n * 5) % 7, database_bytes - n * 2500000, storage_bytes / 3, storage_bytes * 2 / 3 - n * 12000000 from control.tenants, generate_series(1, 72) n where code = 'bluebird';
        insert into control.pending_items (tenant_id, kind, since, reason, attempts, last_attempt, next_attempt)
          select id, 'first-backup', now() - interval '30 minutes', 'The object store did not answer: connection refused.', 3, now() - interval '4 minutes', now() + interval '6 minutes' from control.tenants where code in ('bluebird', 'lumen');
        insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
          select code || '-' || n, id, case when n = 9 then 'manual' else 'scheduled' end, code || '/' || n, code || '/' || n || '.json', (60 + n) * 1048576, repeat('a', 64), now() - n * interval '1 day' - interval '3 hours'
          from control.tenants, generate_series(0, 9) n where code in ('bluebird', 'cedar');
        insert into control.certificates (name, tenant_id, host, issuer, not_before, not_after, look_at, failures, last_failure, updated_at)
          select code, id, 'shop.' || code || '.example', 'Example CA', now() - interval '75 days', now() + (case code when 'cedar' then 9 else 15 end) * interval '1 day', now(), case code when 'cedar' then 2 else 0 end,
                 case code when 'cedar' then 'The name points to 198.51.100.7, and should point to 203.0.113.9.' end, now() from control.tenants where code in ('cedar', 'fjord');
        insert into control.missing_backups (tenant_id, last_at, expected_by, since, reason)
          select id, now() - interval '3 days', now() - interval '1 day', now() - interval '20 hours', 'Job ''backup-kestrel-9'' has failed: the server does not answer.' from control.tenants where code = 'kestrel';
        update control.subscriptions set started_at = now() - interval '12 months', paid_until = now() + interval '19 days' where tenant = 'bluebird';
        insert into control.tenant_changes (tenant_id, changed_by, reason, changes, changed_at)
          select id, 'sales', 'More people since spring', '{"maxUsers": {"from": 10, "to": 25}}'::jsonb, now() - interval '41 days' from control.tenants where code = 'bluebird'
          union all select id, 'operator', 'The company has moved', '{"customerEmail": {"from": "hello@bluebird.example", "to": "office@bluebird.example"}}'::jsonb, now() - interval '9 days' from control.tenants where code = 'bluebird';
        """;

    private const string OfTheRest =
        """
        insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome, reason)
          select kind || '-' || t.code || '-' || n, kind, t.id, t.code, t.code, 'timer', false, now() - (n * 11 + t.id % 11) * interval '1 minute', now() - (n * 11 + t.id % 11) * interval '1 minute' + (20 + n % 50) * interval '1 second',
                 case when (n + t.id) % 23 = 0 then 'failed' else 'succeeded' end, case when (n + t.id) % 23 = 0 then 'The backup cannot be read: its end is missing.' end
          from control.tenants t, generate_series(1, 120) n, (values ('verify-backup')) k (kind) where t.code in ('aster', 'bluebird', 'cedar', 'delta', 'fjord', 'maple') and n % 6 = t.id % 6;
        insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome)
          select k.kind || '-bluebird-1', k.kind, id, code, code, 'operator', true, now() - interval '30 days', now() - interval '30 days' + interval '4 minutes', 'succeeded' from control.tenants, (values ('upgrade'), ('move')) k (kind) where code = 'bluebird';
        insert into control.tenant_upgrades (tenant_id, job_id, version, kind, input, dry_run, state, reason, requested_by, requested_at, previous_version, safety_backup_id, keep_until, ended_at, outage_ms)
          select id, 'upgrade-bluebird-1', '19.0-20261101', 'odoo-bin', '{}', false, 'upgraded', 'Autumn release', 'operator', now() - interval '3 days', '19.0-20261001', 'bluebird-9', now() + interval '4 days', now() - interval '3 days', 41300 from control.tenants where code = 'bluebird';
        insert into control.tenant_moves (tenant_id, job_id, source_server_id, target_server_id, state, reason, requested_by, requested_at, copy_server_id, keep_until, ended_at, outage_ms)
          select t.id, 'move-bluebird-1', s.id, t.server_id, 'moved', 'Nearer to their people', 'operator', now() - interval '5 days', s.id, now() + interval '2 days', now() - interval '5 days', 18900
          from control.tenants t, control.servers s where t.code = 'bluebird' and s.code = 'paris-1';
        insert into control.support_accesses (tenant_id, tenant_code, job_id, state, level, minutes, reason, requested_by, requester, requested_at, needs_consent, opened_at, expires_at, ended_at, login, result)
          select id, code, 'support-access-bluebird-1', 'ended', 'administrator', 60, 'Ticket 4702: they had locked themselves out.', 'grace', 'grace', now() - interval '9 days', false, now() - interval '9 days', now() - interval '9 days' + interval '1 hour', now() - interval '9 days' + interval '1 hour', 'support-1', '{"made user ''deputy@bluebird.example''"}' from control.tenants where code = 'bluebird';
        insert into control.support_accesses (tenant_id, tenant_code, job_id, state, level, minutes, reason, requested_by, requester, requested_at, needs_consent, decided_by, decided_at, opened_at, expires_at, login)
          select id, code, 'support-access-bluebird-2', 'open', 'user', 120, 'Ticket 4711: the invoice of October is printed without their VAT number.', 'ada', 'ada', now() - interval '50 minutes', true, 'jane@bluebird.example', now() - interval '38 minutes', now() - interval '38 minutes', now() + interval '82 minutes', 'support-2' from control.tenants where code = 'bluebird';
        insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, cause, reason, deliveries, received_at, updated_at)
          select 'evt-' || (2200 + n), (array['invoice.paid', 'plan.changed', 'invoice.paid', 'subscription.renewed'])[1 + n % 4], (array['aster', 'bluebird', 'cedar', 'delta', 'elm', 'fjord'])[1 + n % 6], 60 - n,
                 now() - n * interval '5 hours', '{"paidUntil": "2027-01-31"}', 'done', null, null, 1, now() - n * interval '5 hours', now() - n * interval '5 hours' from generate_series(2, 24) n;
        insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, cause, reason, deliveries, received_at, updated_at)
          values ('evt-2201', 'plan.changed', 'kestrel', 31, now() - interval '3 hours', '{"plan": "platinum"}', 'parked', 'unknown-plan', 'There is no plan ''platinum''.', 4, now() - interval '3 hours', now() - interval '1 hour');
        insert into control.webhook_log (received_at, caller, model, record_id, event, tenant, state, status, kind, reason)
          select now() - n * interval '47 minutes', 'console', 'sale.order', 4100 + n, case when n % 3 = 0 then 'order' else 'plan' end, (array['aster', 'bluebird', 'cedar', 'delta'])[1 + n % 4], case when n % 7 = 5 then 'refused' else 'taken' end,
                 case when n % 7 = 5 then 422 else 202 end, case when n % 7 = 5 then 'invalid' end, case when n % 7 = 5 then 'plan: there is no plan "gold".' end from generate_series(1, 18) n order by n desc;
        insert into control.notices (kind, subject, cause, tenant_id, tenant_code, data, created_at, closed_at)
          select (array['job-failed', 'certificate-failing', 'backup-missing'])[1 + n % 3], t.code, 'cause-' || n, t.id, t.code, '{}', now() - n * interval '9 hours', now() from generate_series(1, 9) n join control.tenants t on t.code = (array['aster', 'cedar', 'kestrel'])[1 + n % 3];
        insert into control.notice_deliveries (notice_id, channel, recipient, recipient_name, language, state, attempts, next_attempt_at, give_up_at, ended_at)
          select id, 'email', 'oncall@hosting.example', 'On call', 'en_US', 'sent', 1, now(), now(), created_at from control.notices;
        insert into control.reconciliation_findings (tenant_id, kind, subject, seen, first_seen_at, last_seen_at, confirmed_at)
          select id, case code when 'delta' then 'route-missing' else 'dns-record-missing' end, code || '.example.test', case code when 'delta' then 'The proxy has no route for the host.' else 'The zone has no record of the name.' end,
                 now() - interval '26 minutes', now() - interval '1 minute', now() - interval '20 minutes' from control.tenants where code in ('delta', 'maple');
        insert into control.alerts (kind, subject, severity, reason, first_seen_at, seen_at, raised_at)
          values ('certificate-failing', 'shop.cedar.example', 'warning', 'The certificate ends in nine days; 2 renewals have failed: the name points to 198.51.100.7.', now() - interval '5 hours', now(), now() - interval '5 hours'),
                 ('billing-parked', 'kestrel', 'warning', '1 message of billing is parked: there is no plan ''platinum''.', now() - interval '3 hours', now(), now() - interval '165 minutes');
        insert into control.jobs (id, kind, subject, requested_by, changing, created_at) values ('rollout-1', 'rollout', 'odoo-shared', 'operator', false, now() - interval '2 hours');
        insert into control.rollouts (job_id, offer, version, release, filter, max_concurrent, tenants, passed_over, state, state_reason, reason, requested_by, requested_at)
          values ('rollout-1', 'odoo-shared', '19.0-20261101', '{"version": "19.0-20261101", "kind": "odoo-bin", "modules": ["base"]}', '{}', 5, 10, 1, 'paused', 'Paused by operator: we look at delta first', 'Autumn release', 'operator', now() - interval '2 hours');
        insert into control.rollout_waves (rollout_id, number, count, percent, max_failures, members, started_at, ended_at)
          select r.id, n, case when n = 1 then 1 end, case when n > 1 then (array[0, 25, 100])[n] end, 1, (array[1, 3, 6])[n], case when n < 3 then now() - (4 - n) * interval '35 minutes' end, case when n = 1 then now() - interval '71 minutes' end
          from control.rollouts r, generate_series(1, 3) n;
        insert into control.rollout_tenants (rollout_id, tenant_id, position, wave, state, reason, is_failure, attempts, started_at, ended_at, outage_ms)
          select r.id, t.id, n, case when n = 1 then 1 when n < 5 then 2 else 3 end, case when n < 4 then 'succeeded' when n = 4 then 'failed' else 'pending' end, case when n = 4 then 'The rehearsal failed: module sale_custom is not installable.' end, n = 4,
                 case when n < 5 then 1 else 0 end, case when n < 5 then now() - (100 - n * 9) * interval '1 minute' end, case when n < 5 then now() - (96 - n * 9) * interval '1 minute' end, case when n < 4 then 38000 + n * 700 end
          from control.rollouts r, (select id, row_number() over (order by code) n from control.tenants where state in ('active', 'suspended')) t where n <= 10;
        """;
}
