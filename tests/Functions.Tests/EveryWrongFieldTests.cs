using System.Net;
using System.Text.Json.Nodes;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Whatever is wrong with a command is named in one answer: nothing that is missing or of another type hides the rest.</summary>
public sealed class EveryWrongFieldTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Invisible = "a\u202eb";

    // Each operation that takes a command: its address, and for each member a value of the right type that is wrong all the same.
    private static readonly Dictionary<string, (string Path, string Wrong)> Commands = new(StringComparer.Ordinal)
    {
        ["orderTenant"] = ("/api/tenants",
            """
            {"code": "A", "name": "\u2028", "customer": "a b", "customerName": "\u200b", "customerEmail": "nobody", "offer": "teapot", "plan": "platinum", "template": "casino",
             "locale": {"language": "french", "timeZone": "moon", "dateFormat": "", "currency": "euro", "country": "France", "vat": ""},
             "region": "Moon", "labels": ["A B"], "size": 0, "maxUsers": 0, "maxStorageBytes": 0, "callbackUrl": "http://localhost/"}
            """),
        ["changeTenant"] = ("/api/tenants/several",
            """{"name": "\u2028", "customerName": "\u200b", "customerEmail": "nobody", "maxUsers": 0, "maxStorageBytes": -1, "maintenanceWindow": {"from": "ten", "until": "25:00", "days": ["someday"], "timeZone": "Nowhere"}, "reason": ""}"""),
        ["createWebhookEndpoint"] = ("/api/webhook-endpoints", """{"url": "ftp://x", "description": "", "kinds": ["x"]}"""),
        ["changeWebhookEndpoint"] = ("/api/webhook-endpoints/1", """{"url": "http://127.0.0.1/", "description": "", "kinds": ["x"], "enabled": true}"""),
        ["createOperatorToken"] = ("/api/operator-tokens", """{"name": "\u200b", "role": "king", "customer": "a b", "expiresAt": "2001-01-01T00:00:00Z", "reason": "\u202e"}"""),
        ["saveView"] = ("/api/views/mine", """{"path": "https://elsewhere.example/console/jobs"}"""),
        ["changeCustomer"] = ("/api/customers/c-1", """{"name": "", "email": "nobody", "language": "french"}"""),
        ["createServer"] = ("/api/servers",
            """
            {"code": "X", "name": "", "description": "\u202e", "url": "ftp://x", "ip": "x", "port": 0, "sshUser": "", "sshSecret": "", "region": "Moon",
             "labels": ["a", "a"], "databaseHost": "a b", "databasePort": 0, "databaseUser": "", "applicationRole": "", "databasePassword": "", "masterPassword": "", "cpuCores": 0, "memoryGb": 0,
             "diskGb": 0, "maxTenants": 0}
            """),
        ["changeServer"] = ("/api/servers/local",
            """
            {"name": "", "description": "\u202e", "url": "ftp://x", "ip": "x", "port": 0, "sshUser": "", "sshSecret": "", "region": "Moon", "labels": ["a", "a"],
             "databaseHost": "a b", "databasePort": 0, "databaseUser": "", "applicationRole": "", "cpuCores": 0, "memoryGb": 0, "diskGb": 0, "maxTenants": 0, "reason": ""}
            """),
        ["deactivateServer"] = ("/api/servers/local/deactivate", """{"reason": ""}"""),
        ["maintainServer"] = ("/api/servers/local/maintenance", """{"reason": " "}"""),
        ["drainServer"] = ("/api/servers/local/drain", """{"reason": ""}"""),
        ["undrainServer"] = ("/api/servers/local/undrain", """{"reason": ""}"""),
        ["changeTemplate"] = ("/api/templates/blank", """{"warmPoolSize": 101, "reason": ""}"""),
        ["changeServerCredentials"] = ("/api/servers/local/credentials", """{"databasePassword": "", "applicationPassword": "", "masterPassword": ""}"""),
        ["activateServer"] = ("/api/servers/local/activate", """{"skipApplicationTest": true, "reason": ""}"""),
        ["createPlan"] = ("/api/plans",
            """
            {"code": "X", "name": "", "sequence": -1, "pricePeriod": "weekly", "userLimit": 0, "storageQuotaBytes": 0, "backupSchedule": "hourly", "retentionDaily": -1,
             "retentionWeekly": -1, "retentionMonthly": -1, "graceDays": -1, "trialDays": -1, "autoRenew": true, "region": "Moon", "labels": ["A B"], "size": 0, "allowedModules": ["A B"], "supportConsent": true, "reason": ""}
            """),
        ["changePlan"] = ("/api/plans/pro",
            """
            {"name": "", "sequence": -1, "pricePeriod": "weekly", "userLimit": 0, "storageQuotaBytes": 0, "backupSchedule": "hourly", "retentionDaily": -1,
             "retentionWeekly": -1, "retentionMonthly": -1, "graceDays": -1, "trialDays": -1, "autoRenew": true, "region": "Moon", "labels": ["A B"], "size": 0, "allowedModules": ["A B"], "supportConsent": true, "reason": ""}
            """),
        ["createOffer"] = ("/api/offers",
            """
            {"code": "X", "name": "", "application": "word", "delivery": "post", "defaultPlan": "", "defaultTemplate": "", "databasePattern": "all", "region": "Moon", "labels": ["A B"], "size": 0,
             "themes": [{"name": "x", "primaryColor": "#000000", "secondaryColor": "#000000"}, {"name": "x", "primaryColor": "#000000", "secondaryColor": "#000000"}], "reason": ""}
            """),
        ["changeOffer"] = ("/api/offers/odoo-host",
            """
            {"name": "", "defaultPlan": "", "defaultTemplate": "", "databasePattern": "all", "region": "Moon", "labels": ["A B"], "size": 0,
             "themes": [{"name": "x", "primaryColor": "#000000", "secondaryColor": "#000000"}, {"name": "x", "primaryColor": "#000000", "secondaryColor": "#000000"}], "reason": ""}
            """),
        ["createTemplate"] = ("/api/templates",
            """
            {"code": "X", "server": "", "name": "", "database": "A B", "modules": ["A B"], "language": "french", "country": "France", "version": "", "warmPoolSize": -1,
             "initialisation": "magic", "family": "X Y"}
            """),
        ["changeSubscription"] = ("/api/tenants/several/subscription",
            """{"plan": "A B", "period": "weekly", "paidUntil": "1001-01-01T00:00:00Z", "cancelAt": "9001-01-01T00:00:00Z", "reason": ""}"""),
        ["correctBillingMessage"] = ("/api/billing/messages/none", """{"type": "subscription.exploded", "data": [], "reason": ""}"""),
        ["moveTenant"] = ("/api/tenants/several/move",
            """{"server": "A B", "region": "Moon", "labels": ["A B"], "startAt": "2001-01-01T00:00:00Z", "reason": ""}"""),
        ["upgradeTenant"] = ("/api/tenants/several/upgrade",
            """
            {"version": "", "kind": "magic", "modules": ["A B"], "statements": ["/* all of it */ commit"], "limitMinutes": 0, "notBefore": "2001-01-01T00:00:00Z",
             "window": {"from": "ten", "until": "25:00", "days": ["someday"], "timeZone": "Nowhere"}, "atOnce": true, "reason": ""}
            """),
        ["rollBackTenantUpgrade"] = ("/api/tenants/several/upgrade/rollback", """{"reason": ""}"""),
        ["changeTenantModules"] = ("/api/tenants/several/modules", """{"activate": ["A B"], "deactivate": ["C D"]}"""),
        ["chooseTenantTheme"] = ("/api/tenants/several/theme", """{"theme": "A B"}"""),
        ["moveServerTenants"] = ("/api/servers/local/moves", """{"atOnce": 0}"""),
        ["startRollout"] = ("/api/rollouts",
            """
            {"offer": "A B", "release": {"version": "", "kind": "magic", "modules": ["A B"], "statements": [""], "limitMinutes": 0},
             "templateVersion": {"template": "A B", "server": "A B", "number": 0}, "tenants": {"template": "A B", "server": "A B", "labels": ["A B"], "codes": ["A"]},
             "canaries": ["A"], "waves": [{"count": 0}, {"percent": 5}], "maxFailures": -1, "maxFailuresPercent": 101, "maxConcurrent": 0,
             "window": {"days": ["someday"], "from": "25:00", "until": "noon", "timeZone": "Nowhere"}, "dryRun": true, "reason": ""}
            """),
        ["pauseRollout"] = ("/api/rollouts/1/pause", """{"reason": ""}"""),
        ["resumeRollout"] = ("/api/rollouts/1/resume", """{"reason": ""}"""),
        ["runReconciliation"] = ("/api/reconciliation/run", """{"tenant": "A B"}"""),
        ["orderStagingCopy"] = ("/api/tenants/several/staging",
            """{"code": "A B", "expiresAt": "2001-01-01T00:00:00Z", "masking": [{"table": "A B", "column": "C D", "method": "burn"}]}"""),
        ["changeStagingCopy"] = ("/api/tenants/several/staging", """{"expiresAt": "2001-01-01T00:00:00Z"}"""),
        ["suspendTenant"] = ("/api/tenants/several/suspend", """{"cause": "boredom", "reason": ""}"""),
        ["requestSupportAccess"] = ("/api/tenants/several/support-access", """{"reason": "", "level": "root", "minutes": 0}"""),
        ["approveSupportAccess"] = ("/api/tenants/several/support-access/1/approve", """{"reason": ""}"""),
        ["refuseSupportAccess"] = ("/api/tenants/several/support-access/1/refuse", """{"reason": ""}"""),
        ["revokeSupportAccess"] = ("/api/tenants/several/support-access/1/revoke", """{"reason": ""}"""),
        ["changeTenantPlan"] = ("/api/tenants/several/change-plan", """{"plan": "A B", "reason": ""}"""),
        ["cancelRollout"] = ("/api/rollouts/1/cancel", """{"reason": ""}"""),
        ["skipRolloutTenant"] = ("/api/rollouts/1/tenants/several/skip", """{"reason": ""}"""),
        ["holdRolloutTenant"] = ("/api/rollouts/1/tenants/several/hold", """{"reason": ""}"""),
        ["releaseRolloutTenant"] = ("/api/rollouts/1/tenants/several/release", """{"reason": ""}"""),
        ["retryRolloutTenant"] = ("/api/rollouts/1/tenants/several/retry", """{"reason": ""}"""),
        ["rollBackRolloutTenant"] = ("/api/rollouts/1/tenants/several/rollback", """{"reason": ""}"""),
        ["buildTemplateVersion"] = ("/api/templates/blank/versions",
            """{"database": "A B", "attach": true, "modules": ["A B"], "language": "french", "country": "France", "version": "", "initialisation": "none", "reason": " "}"""),
        ["promoteTemplateVersion"] = ("/api/templates/blank/versions/2/promote", """{"canaryPercent": 100, "reason": ""}"""),
        ["rollBackTemplateVersion"] = ("/api/templates/blank/versions/2/rollback", """{"reason": ""}"""),
        ["retireTemplateVersion"] = ("/api/templates/blank/versions/2/retire", """{"reason": " "}"""),
        ["assignTemplateFamily"] = ("/api/templates/blank/family", """{"family": "X Y"}"""),
        ["cancelJob"] = ("/api/jobs/none/cancel", """{"reason": ""}"""),
        ["runJobNow"] = ("/api/jobs/none/run-now", """{"reason": ""}"""),
        ["failJobNow"] = ("/api/jobs/none/fail-now", """{"reason": ""}"""),
        ["pauseJob"] = ("/api/jobs/none/pause", """{"reason": ""}"""),
        ["resumeJob"] = ("/api/jobs/none/resume", """{"reason": ""}"""),
        ["retryJob"] = ("/api/jobs/none/retry", """{"reason": ""}"""),
        ["orderJobAgain"] = ("/api/jobs/none/again", """{"reason": ""}"""),
        ["steerJobs"] = ("/api/jobs/bulk",
            """
            {"action": "explode", "filter": {"state": "lost", "kind": "magic", "tenant": "A B", "from": "1001-01-01T00:00:00Z", "to": "9001-01-01T00:00:00Z", "text": ""}, "expected": -1,
             "dryRun": true, "reason": ""}
            """),
        ["purgeJobs"] = ("/api/jobs/purge", """{"endedBefore": "1001-01-01T00:00:00Z", "kind": "magic", "tenant": "A B", "expected": -1, "dryRun": true}"""),
        ["adoptDatabase"] = ("/api/tenants/several/database/adopt", """{"database": "A B", "reason": " "}"""),
        ["assignCustomer"] = ("/api/tenants/several/customer", """{"customer": "a b"}"""),
        ["addDomain"] = ("/api/tenants/several/domains", """{"name": "a b"}"""),
        ["buyDomain"] = ("/api/domains/purchases",
            """{"name": "a b", "confirm": "other", "maxPrice": {"amount": 0, "currency": "euro"}, "tenant": "A"}"""),
        ["restoreBackup"] = ("/api/backups/wrong-1/restore",
            """{"tenant": "other", "newTenant": {"code": "X", "name": "\u2029", "callbackUrl": "http://[::]/"}}"""),
    };

    // Members that cannot be wrong by their content.
    private static readonly string[] NeverWrong = ["sequence", "skipApplicationTest", "dryRun", "attach", "enabled", "autoRenew", "supportConsent"];

    public static TheoryData<string> Operations => [.. Commands.Keys];

    [Fact]
    public async Task Every_operation_of_the_document_that_takes_a_command_is_tried()
    {
        using var answer = await host.GetAsync("/openapi/v1.json", token: null);
        var operations = (await ApiHost.JsonAsync(answer)).GetProperty("paths").EnumerateObject()
            .SelectMany(p => p.Value.EnumerateObject().Select(o => o.Value))
            .Where(o => o.TryGetProperty("requestBody", out _))
            .Select(o => o.GetProperty("operationId").GetString()!)
            .Where(o => o is not ("odooWebhook" or "register" or "confirmRegistration"));

        Assert.Equal(Commands.Keys.Order(StringComparer.Ordinal), operations.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Every_member_that_is_wrong_by_its_content_is_named_at_once(string operation)
    {
        var wrong = JsonNode.Parse(Commands[operation].Wrong)!.AsObject();

        var named = await RefusedAsync(operation, wrong);

        Assert.Empty(Leaves(wrong).Where(f => !NeverWrong.Contains(f)).Except(named));
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_member_of_another_type_or_unknown_hides_no_other(string operation)
    {
        foreach (var other in JsonNode.Parse(Commands[operation].Wrong)!.AsObject().Select(m => m.Key))
        {
            var body = JsonNode.Parse(Commands[operation].Wrong)!.AsObject();
            body[other] = new JsonArray(new JsonObject());
            body["colour"] = Invisible;

            var named = await RefusedAsync(operation, body);

            var expected = Leaves(body).Where(f => !f.StartsWith(other, StringComparison.Ordinal) && !NeverWrong.Contains(f) && (operation, f) is not ("activateServer", "reason"));
            Assert.Empty(expected.Except(named));
            Assert.Contains(named, f => f == other || f.StartsWith($"{other}[", StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task A_member_that_is_missing_hides_no_other(string operation)
    {
        foreach (var missing in await RequiredAsync(operation))
        {
            var body = JsonNode.Parse(Commands[operation].Wrong)!.AsObject();
            body.Remove(missing);

            var named = await RefusedAsync(operation, body);

            Assert.Contains(missing, named);
            Assert.Empty(Leaves(body).Where(f => !NeverWrong.Contains(f)).Except(named));
        }
    }

    private static IEnumerable<string> Leaves(JsonObject body, string prefix = "") => body.SelectMany(m => m.Value is JsonObject inner
        ? Leaves(inner, $"{prefix}{m.Key}.")
        : [prefix + m.Key]);

    private async Task<IReadOnlyList<string>> RequiredAsync(string operation)
    {
        using var answer = await host.GetAsync("/openapi/v1.json", token: null);
        var document = await ApiHost.JsonAsync(answer);
        var body = document.GetProperty("paths").EnumerateObject().SelectMany(p => p.Value.EnumerateObject().Select(o => o.Value))
            .Single(o => o.GetProperty("operationId").GetString() == operation)
            .GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema");
        var schema = document.GetProperty("components").GetProperty("schemas").GetProperty(body.GetProperty("$ref").GetString()!.Split('/')[^1]);
        return schema.TryGetProperty("required", out var required) ? [.. required.EnumerateArray().Select(r => r.GetString()!)] : [];
    }

    private async Task<IReadOnlyList<string>> RefusedAsync(string operation, JsonObject body)
    {
        await PrepareAsync();
        var method = operation switch { "assignCustomer" or "assignTemplateFamily" or "chooseTenantTheme" or "correctBillingMessage" or "saveView" => HttpMethod.Put, "changeServer" or "changeSubscription" or "changeTemplate" or "changePlan" or "changeOffer" or "changeWebhookEndpoint" or "changeCustomer" or "changeTenant" or "changeStagingCopy" => HttpMethod.Patch, _ => HttpMethod.Post };
        using var answer = await host.SendAsync(method, Commands[operation].Path, ApiHost.AdminToken, body.ToJsonString());
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command");
        return [.. problem.GetProperty("errors").EnumerateObject().Select(e => e.Name)];
    }

    // A tenant and a backup for those commands that are about one.
    private async Task PrepareAsync()
    {
        if (await host.ScalarAsync<long>("select count(*) from control.tenants where code = 'several'") == 0)
        {
            await host.OrderTenantAsync("several");
            await host.ExecuteAsync(
                """
                insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at)
                select 'wrong-1', id, 'manual', 'k', 'm', 1, repeat('0', 64), now() from control.tenants where code = 'several'
                """);
        }
    }
}
