using System.Net;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Who may do what.</summary>
public sealed class AccessTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly Dictionary<string, string?> Tokens = new()
    {
        ["nobody"] = null,
        ["stranger"] = "stranger-token-0123456789abcdef",
        ["viewer"] = ApiHost.ViewerToken,
        ["manager"] = ApiHost.ManagerToken,
        ["admin"] = ApiHost.AdminToken,
    };

    private static readonly (string Method, string Path, string Role)[] Endpoints =
    [
        ("GET", "/api/tenants", "viewer"),
        ("GET", "/api/tenants/nobody", "viewer"),
        ("POST", "/api/tenants", "manager"),
        ("PATCH", "/api/tenants/nobody", "manager"),
        ("GET", "/api/tenants/nobody/changes", "viewer"),
        ("GET", "/api/backups/missing", "viewer"),
        ("GET", "/api/backups/trials", "viewer"),
        ("DELETE", "/api/tenants/nobody", "admin"),
        ("POST", "/api/tenants/nobody/credentials/reveal", "admin"),
        ("POST", "/api/tenants/nobody/credentials/reset", "manager"),
        ("GET", "/api/webhooks/odoo/refusals", "manager"),
        ("GET", "/api/webhooks/deliveries", "manager"),
        ("GET", "/api/tokens", "admin"),
        ("GET", "/api/overview", "viewer"),
        ("GET", "/api/settings", "admin"),
        ("GET", "/api/operator-tokens", "manager"),
        ("POST", "/api/operator-tokens", "manager"),
        ("DELETE", "/api/operator-tokens/1", "manager"),
        ("GET", "/api/console-sessions", "admin"),
        ("DELETE", "/api/console-sessions/1", "admin"),
        ("GET", "/api/audit", "admin"),
        ("GET", "/api/notices", "viewer"),
        ("GET", "/api/notices/1", "viewer"),
        ("POST", "/api/notices/1/resend", "manager"),
        ("GET", "/api/webhook-endpoints", "admin"),
        ("POST", "/api/webhook-endpoints", "admin"),
        ("GET", "/api/webhook-endpoints/1", "admin"),
        ("PATCH", "/api/webhook-endpoints/1", "admin"),
        ("DELETE", "/api/webhook-endpoints/1", "admin"),
        ("POST", "/api/webhook-endpoints/1/rotate-secret", "admin"),
        ("POST", "/api/webhook-endpoints/1/test", "admin"),
        ("GET", "/api/customers", "viewer"),
        ("GET", "/api/customers/nobody", "viewer"),
        ("PATCH", "/api/customers/nobody", "manager"),
        ("GET", "/api/customers/nobody/tenants", "viewer"),
        ("GET", "/api/customers/nobody/subscriptions", "viewer"),
        ("GET", "/api/registrations", "manager"),
        ("DELETE", "/api/registrations/1", "manager"),
        ("POST", "/api/tenants/nobody/domains", "manager"),
        ("GET", "/api/tenants/nobody/domains", "viewer"),
        ("DELETE", "/api/tenants/nobody/domains/none.example", "manager"),
        ("POST", "/api/tenants/nobody/domains/none.example/validate", "manager"),
        ("GET", "/api/jobs", "viewer"),
        ("GET", "/api/jobs/none", "viewer"),
        ("GET", "/api/jobs/none/events", "viewer"),
        ("GET", "/api/jobs/none/steps/1", "viewer"),
        ("GET", "/api/views", "viewer"),
        ("PUT", "/api/views/mine", "viewer"),
        ("DELETE", "/api/views/mine", "viewer"),
        ("GET", "/api/jobs/none/input", "viewer"),
        ("POST", "/api/jobs/none/cancel", "manager"),
        ("POST", "/api/jobs/none/run-now", "manager"),
        ("POST", "/api/jobs/none/fail-now", "manager"),
        ("POST", "/api/jobs/none/pause", "manager"),
        ("POST", "/api/jobs/none/resume", "manager"),
        ("POST", "/api/jobs/none/retry", "manager"),
        ("POST", "/api/jobs/none/again", "manager"),
        ("POST", "/api/jobs/bulk", "manager"),
        ("POST", "/api/jobs/purge", "admin"),
        ("POST", "/api/servers", "admin"),
        ("GET", "/api/servers", "viewer"),
        ("GET", "/api/servers/none", "viewer"),
        ("PATCH", "/api/servers/none", "admin"),
        ("PATCH", "/api/templates/none", "admin"),
        ("DELETE", "/api/servers/none?reason=x", "admin"),
        ("GET", "/api/servers/best", "viewer"),
        ("GET", "/api/servers/alerts", "viewer"),
        ("GET", "/api/servers/none/check", "admin"),
        ("GET", "/api/servers/none/health", "viewer"),
        ("POST", "/api/servers/none/health", "manager"),
        ("GET", "/api/servers/none/tenants", "viewer"),
        ("GET", "/api/servers/none/changes", "viewer"),
        ("POST", "/api/servers/none/activate", "admin"),
        ("POST", "/api/servers/none/deactivate", "admin"),
        ("POST", "/api/servers/none/maintenance", "admin"),
        ("POST", "/api/servers/none/drain", "admin"),
        ("POST", "/api/servers/none/undrain", "admin"),
        ("POST", "/api/servers/none/moves", "admin"),
        ("POST", "/api/tenants/nobody/move", "admin"),
        ("POST", "/api/tenants/nobody/upgrade", "admin"),
        ("POST", "/api/tenants/nobody/upgrade/rollback", "admin"),
        ("POST", "/api/tenants/nobody/upgrade/cancel", "admin"),
        ("POST", "/api/tenants/nobody/upgrade/confirm", "admin"),
        ("GET", "/api/tenants/nobody/upgrades", "viewer"),
        ("GET", "/api/moves", "viewer"),
        ("GET", "/api/moves/1", "viewer"),
        ("POST", "/api/moves/1/confirm", "admin"),
        ("POST", "/api/moves/1/cancel", "admin"),
        ("POST", "/api/rollouts", "admin"),
        ("GET", "/api/rollouts", "viewer"),
        ("GET", "/api/rollouts/1", "viewer"),
        ("GET", "/api/rollouts/1/tenants", "viewer"),
        ("GET", "/api/rollouts/1/changes", "viewer"),
        ("POST", "/api/rollouts/1/pause", "admin"),
        ("POST", "/api/rollouts/1/resume", "admin"),
        ("POST", "/api/rollouts/1/cancel", "admin"),
        ("POST", "/api/rollouts/1/tenants/nobody/skip", "admin"),
        ("POST", "/api/rollouts/1/tenants/nobody/hold", "admin"),
        ("POST", "/api/rollouts/1/tenants/nobody/release", "admin"),
        ("POST", "/api/rollouts/1/tenants/nobody/retry", "admin"),
        ("POST", "/api/rollouts/1/tenants/nobody/rollback", "admin"),
        ("POST", "/api/tenants/nobody/support-access", "manager"),
        ("GET", "/api/tenants/nobody/support-access", "viewer"),
        ("GET", "/api/tenants/nobody/support-access/1", "viewer"),
        ("POST", "/api/tenants/nobody/support-access/1/approve", "manager"),
        ("POST", "/api/tenants/nobody/support-access/1/refuse", "manager"),
        ("POST", "/api/tenants/nobody/support-access/1/revoke", "manager"),
        ("POST", "/api/tenants/nobody/support-access/1/credentials", "manager"),
        ("POST", "/api/tenants/nobody/suspend", "manager"),
        ("POST", "/api/tenants/nobody/staging", "manager"),
        ("GET", "/api/tenants/nobody/staging", "viewer"),
        ("PATCH", "/api/tenants/nobody/staging", "manager"),
        ("POST", "/api/tenants/nobody/change-plan", "manager"),
        ("GET", "/api/subscriptions", "viewer"),
        ("GET", "/api/tenants/nobody/subscription", "viewer"),
        ("PATCH", "/api/tenants/nobody/subscription", "admin"),
        ("GET", "/api/tenants/nobody/subscription/changes", "viewer"),
        ("GET", "/api/billing/messages", "viewer"),
        ("GET", "/api/billing/messages/none", "manager"),
        ("PUT", "/api/billing/messages/none", "admin"),
        ("POST", "/api/billing/messages/none/replay", "admin"),
        ("DELETE", "/api/billing/messages/none?reason=x", "admin"),
        ("GET", "/api/tenants/nobody/modules", "viewer"),
        ("POST", "/api/tenants/nobody/modules", "manager"),
        ("GET", "/api/tenants/nobody/theme", "viewer"),
        ("PUT", "/api/tenants/nobody/theme", "manager"),
        ("POST", "/api/tenants/nobody/bring-back", "admin"),
        ("GET", "/api/reconciliation", "viewer"),
        ("POST", "/api/reconciliation/run", "manager"),
        ("GET", "/api/usage", "viewer"),
        ("GET", "/api/usage/days", "viewer"),
        ("GET", "/api/tenants/nobody/usage", "viewer"),
        ("GET", "/api/offers", "viewer"),
        ("POST", "/api/offers", "admin"),
        ("GET", "/api/offers/none", "viewer"),
        ("PATCH", "/api/offers/none", "admin"),
        ("DELETE", "/api/offers/none?reason=x", "admin"),
        ("GET", "/api/offers/none/versions", "viewer"),
        ("GET", "/api/plans", "viewer"),
        ("POST", "/api/plans", "admin"),
        ("GET", "/api/plans/none", "viewer"),
        ("PATCH", "/api/plans/none", "admin"),
        ("DELETE", "/api/plans/none?reason=x", "admin"),
        ("GET", "/api/plans/none/versions", "viewer"),
        ("POST", "/api/templates", "admin"),
        ("GET", "/api/templates", "viewer"),
        ("GET", "/api/templates/none", "viewer"),
        ("POST", "/api/templates/none/versions", "admin"),
        ("GET", "/api/templates/none/versions", "viewer"),
        ("GET", "/api/templates/none/changes", "viewer"),
        ("GET", "/api/templates/none/tenants", "viewer"),
        ("POST", "/api/templates/none/versions/2/promote", "admin"),
        ("POST", "/api/templates/none/versions/2/rollback", "admin"),
        ("POST", "/api/templates/none/versions/2/retire", "admin"),
        ("PUT", "/api/templates/none/family", "admin"),
    ];

    public static TheoryData<string, string, string, string> Matrix()
    {
        var matrix = new TheoryData<string, string, string, string>();
        foreach (var (method, path, role) in Endpoints)
        {
            foreach (var caller in Tokens.Keys)
            {
                matrix.Add(method, path, role, caller);
            }
        }

        return matrix;
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Each_call_lets_in_its_role_and_those_above(string method, string path, string role, string caller)
    {
        var before = await host.CountRowsAsync();
        using var answer = await host.SendAsync(new HttpMethod(method), path, Tokens[caller], method is "POST" or "PATCH" ? "not json" : null);
        string[] ladder = ["viewer", "manager", "admin"];
        var rank = Array.IndexOf(ladder, caller);
        if (rank < 0)
        {
            await ProblemAssert.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
            Assert.Contains(answer.Headers.WwwAuthenticate, h => h.Scheme == "Bearer");
        }
        else if (rank < Array.IndexOf(ladder, role))
        {
            var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.Forbidden, "forbidden");
            Assert.Contains($"role {role}", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
        else
        {
            Assert.DoesNotContain(answer.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden });
        }

        Assert.Equal(before, await host.CountRowsAsync());
    }

    [Theory]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer " + ApiHost.ViewerToken + "x")]
    [InlineData("Bearer " + ApiHost.WebhookToken)]
    [InlineData(ApiHost.ViewerToken)]
    public async Task Other_credentials_are_refused(string header)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/tenants");
        request.Headers.TryAddWithoutValidation("Authorization", header);
        using var answer = await host.Client.SendAsync(request);
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
        Assert.DoesNotContain("token-0123", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_credentials_at_once_are_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/tenants");
        request.Headers.TryAddWithoutValidation("Authorization", [$"Bearer {ApiHost.ViewerToken}", $"Bearer {ApiHost.AdminToken}"]);
        using var answer = await host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task The_body_of_a_stranger_is_not_read()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tenants") { Content = new ByteArrayContent(new byte[200_000]) };
        using var answer = await host.Client.SendAsync(request);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Unauthorized, "unauthorized");
    }
}
