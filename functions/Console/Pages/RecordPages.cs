using Bibind.WebConsole.Api;

namespace Bibind.WebConsole.Pages;

/// <summary>What came in, went out, was found, was done, and is set.</summary>
internal static class RecordPages
{
    public static Task<IResult> BillingAsync(PageRequest request) => ListAsync<BillingMessage, BillingPage>(request, "Billing", "Messages", "/api/billing/messages", "state", "tenant");

    public static async Task<IResult> BillingMessageAsync(PageRequest request)
    {
        var id = (string)request.Context.GetRouteValue("id")!;
        var message = await request.GetAsync<BillingDetails>($"/api/billing/messages/{Uri.EscapeDataString(id)}");
        return message.IsGood ? request.Page<BillingMessagePage>(id, ("Details", message.Value)) : request.Problem(message.Problem!);
    }

    public static Task<IResult> DeliveriesAsync(PageRequest request) =>
        ListAsync<WebhookDelivery, DeliveriesPage>(request, "Deliveries", "Deliveries", "/api/webhooks/deliveries", "state", "tenant");

    public static Task<IResult> NoticesAsync(PageRequest request) => ListAsync<Notice, NoticesPage>(request, "Deliveries", "Notices", "/api/notices", "state", "tenant", "kind");

    public static Task<IResult> FindingsAsync(PageRequest request) => ListAsync<Finding, FindingsPage>(request, "Findings", "Findings", "/api/reconciliation", "state", "tenant");

    public static Task<IResult> BackupsAsync(PageRequest request) => ListAsync<MissingBackup, BackupsPage>(request, "Missing backups", "Missing", "/api/backups/missing");

    public static Task<IResult> PendingAsync(PageRequest request) => ListAsync<TenantPending, PendingPage>(request, "Pending items", "Pending", "/api/pending-items", "kind");

    public static Task<IResult> AuditAsync(PageRequest request) => ListAsync<AuditEntry, AuditPage>(request, "Audit", "Entries", "/api/audit", "who", "subject", "from", "to");

    public static Task<IResult> SettingsAsync(PageRequest request) => ListAsync<ShownSetting, SettingsPage>(request, "Settings", "Settings", "/api/settings", "set");

    public static async Task<IResult> AccessAsync(PageRequest request)
    {
        var tokens = await request.ListAsync<OperatorToken>("/api/operator-tokens");
        if (!tokens.IsGood)
        {
            return request.Problem(tokens.Problem!);
        }

        var sessions = request.View.May("admin") ? (await request.Api.ListAsync<ConsoleSession>("/api/console-sessions?pageSize=200", request.Cancellation)).Value : null;
        return request.Page<AccessPage>(request.View.Words["Access"], ("Tokens", tokens.Value), ("Sessions", sessions?.Items));
    }

    private static async Task<IResult> ListAsync<T, TPage>(PageRequest request, string title, string parameter, string path, params string[] filters)
    {
        var list = path is "/api/settings"
            ? await request.Api.ListAsync<T>(path + (request.View.Asked("set") == "true" ? "?set=true" : string.Empty), request.Cancellation)
            : await request.ListAsync<T>(path, filters);
        return list.IsGood ? request.Page<TPage>(request.View.Words[title], (parameter, list.Value)) : request.Problem(list.Problem!);
    }
}
