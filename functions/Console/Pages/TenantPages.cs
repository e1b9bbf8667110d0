using Bibind.WebConsole.Api;
using Bibind.WebConsole.Web;

namespace Bibind.WebConsole.Pages;

/// <summary>The tenants, and one with its tabs.</summary>
internal static class TenantPages
{
    internal static readonly string[] Tabs = ["", "domains", "backups", "subscription", "jobs", "usage", "releases", "changes", "support", "danger"];

    public static async Task<IResult> ListAsync(PageRequest request)
    {
        // Whoever knows a code goes there at once.
        if (request.View.Asked("code") is { } code && !string.IsNullOrWhiteSpace(code))
        {
            return new SeeOther($"/console/tenants/{Uri.EscapeDataString(code.Trim())}");
        }

        var tenants = await request.ListAsync<Tenant>("/api/tenants", "state", "pending");
        return tenants.IsGood ? request.Page<TenantsPage>(request.View.Words["Tenants"], ("Tenants", tenants.Value)) : request.Problem(tenants.Problem!);
    }

    public static async Task<IResult> ShowAsync(PageRequest request)
    {
        var id = (string)request.Context.GetRouteValue("id")!;
        var tab = request.Context.GetRouteValue("tab") as string ?? string.Empty;
        if (!Tabs.Contains(tab))
        {
            return request.NoSuchPage();
        }

        var path = $"/api/tenants/{Uri.EscapeDataString(id)}";
        var tenant = await request.GetAsync<Tenant>(path);
        if (!tenant.IsGood)
        {
            return request.Problem(tenant.Problem!);
        }

        var code = tenant.Value!.Code;
        List<(string Name, object? Value)> model = [("Tenant", tenant.Value), ("Tab", tab)];
        switch (tab)
        {
            case "domains":
                model.Add(("Domains", await ItemsAsync<Domain>(request, $"{path}/domains")));
                break;
            case "backups":
                model.Add(("Backups", await ItemsAsync<Backup>(request, $"{path}/backups")));
                break;
            case "subscription":
                model.Add(("Subscription", (await request.GetAsync<Subscription>($"{path}/subscription")).Value));
                model.Add(("SubscriptionChanges", await ItemsAsync<SubscriptionChange>(request, $"{path}/subscription/changes?pageSize=50")));
                break;
            case "jobs":
                model.Add(("Jobs", (await request.Api.ListAsync<Job>($"/api/jobs{QueryOf(request, code)}", request.Cancellation)).Value));
                break;
            case "usage":
                model.Add(("Usage", await ItemsAsync<UsagePoint>(request, $"{path}/usage?pageSize=200")));
                break;
            case "releases":
                model.Add(("Moves", await ItemsAsync<Move>(request, $"/api/moves?tenant={Uri.EscapeDataString(code)}&pageSize=50")));
                model.Add(("Upgrades", await ItemsAsync<Upgrade>(request, $"{path}/upgrades?pageSize=50")));
                break;
            case "changes":
                model.Add(("Changes", await ItemsAsync<TenantChange>(request, $"{path}/changes?pageSize=100")));
                break;
            case "support":
                model.Add(("Accesses", await ItemsAsync<SupportAccess>(request, $"{path}/support-access?pageSize=50")));
                break;
            case "":
                model.Add(("Jobs", (await request.Api.ListAsync<Job>($"/api/jobs?tenant={Uri.EscapeDataString(code)}&pageSize=5", request.Cancellation)).Value));
                break;
        }

        return request.Page<TenantPage>($"{code} · {tenant.Value.Name}", [.. model]);
    }

    private static QueryString QueryOf(PageRequest request, string code) => QueryString.Create(
        new[] { ("tenant", code), ("page", request.View.Asked("page")) }.Where(q => q.Item2 is not null).Select(q => KeyValuePair.Create(q.Item1, q.Item2)));

    private static async Task<IReadOnlyList<T>> ItemsAsync<T>(PageRequest request, string path) => (await request.Api.ListAsync<T>(path, request.Cancellation)).Value?.Items ?? [];
}
