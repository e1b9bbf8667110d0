using Bibind.WebConsole.Api;

namespace Bibind.WebConsole.Pages;

/// <summary>Servers, templates, rollouts, and what is sold.</summary>
internal static class FleetPages
{
    public static async Task<IResult> ServersAsync(PageRequest request)
    {
        var servers = await request.ListAsync<Server>("/api/servers", "state", "health", "region", "label");
        return servers.IsGood ? request.Page<ServersPage>(request.View.Words["Servers"], ("Servers", servers.Value)) : request.Problem(servers.Problem!);
    }

    public static async Task<IResult> ServerAsync(PageRequest request)
    {
        var path = $"/api/servers/{Id(request)}";
        var server = await request.GetAsync<Server>(path);
        if (!server.IsGood)
        {
            return request.Problem(server.Problem!);
        }

        var checks = await request.Api.ListAsync<ServerCheck>($"{path}/health?pageSize=48", request.Cancellation);
        var changes = await request.Api.ListAsync<ServerChange>($"{path}/changes?pageSize=20", request.Cancellation);
        var tenants = await request.ListAsync<Tenant>($"{path}/tenants");
        return request.Page<ServerPage>(
            server.Value!.Name, ("Server", server.Value), ("Checks", checks.Value?.Items), ("Changes", changes.Value?.Items), ("Tenants", tenants.Value ?? new ListOf<Tenant>()));
    }

    public static async Task<IResult> TemplatesAsync(PageRequest request)
    {
        var templates = await request.Api.ListAsync<Template>("/api/templates" + request.QueryOf("server", "state"), request.Cancellation);
        return templates.IsGood ? request.Page<TemplatesPage>(request.View.Words["Templates"], ("Templates", templates.Value!.Items)) : request.Problem(templates.Problem!);
    }

    public static async Task<IResult> TemplateAsync(PageRequest request)
    {
        var path = $"/api/templates/{Id(request)}";
        var template = await request.Api.ListAsync<Template>(path, request.Cancellation);
        if (!template.IsGood)
        {
            return request.Problem(template.Problem!);
        }

        var versions = await request.Api.ListAsync<TemplateVersion>($"{path}/versions?pageSize=50", request.Cancellation);
        var changes = await request.Api.ListAsync<TemplateVersionChange>($"{path}/changes?pageSize=50", request.Cancellation);
        return request.Page<TemplatePage>(
            template.Value!.Items[0].Name, ("Templates", template.Value.Items), ("Versions", versions.Value?.Items), ("Changes", changes.Value?.Items));
    }

    public static async Task<IResult> RolloutsAsync(PageRequest request)
    {
        var rollouts = await request.ListAsync<Rollout>("/api/rollouts", "state", "offer");
        return rollouts.IsGood ? request.Page<RolloutsPage>(request.View.Words["Rollouts"], ("Rollouts", rollouts.Value)) : request.Problem(rollouts.Problem!);
    }

    public static async Task<IResult> RolloutAsync(PageRequest request)
    {
        var path = $"/api/rollouts/{Id(request)}";
        var rollout = await request.GetAsync<RolloutDetails>(path);
        if (!rollout.IsGood)
        {
            return request.Problem(rollout.Problem!);
        }

        var tenants = await request.ListAsync<RolloutTenant>($"{path}/tenants", "state", "wave");
        return request.Page<RolloutPage>(
            $"{rollout.Value!.Summary.Offer} → {rollout.Value.Summary.Version}", ("Rollout", rollout.Value), ("Tenants", tenants.Value ?? new ListOf<RolloutTenant>()));
    }

    public static async Task<IResult> OffersAsync(PageRequest request)
    {
        var offers = await request.Api.ListAsync<Offer>("/api/offers?pageSize=200", request.Cancellation);
        var plans = await request.Api.ListAsync<Plan>("/api/plans?pageSize=200", request.Cancellation);
        return offers.IsGood && plans.IsGood
            ? request.Page<OffersPage>(request.View.Words["Offers and plans"], ("Offers", offers.Value!.Items), ("Plans", plans.Value!.Items))
            : request.Problem(offers.Problem ?? plans.Problem!);
    }

    private static string Id(PageRequest request) => Uri.EscapeDataString((string)request.Context.GetRouteValue("id")!);
}
