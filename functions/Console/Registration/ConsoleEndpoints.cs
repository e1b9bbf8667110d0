using Bibind.WebConsole.Pages;
using Bibind.WebConsole.Web;

namespace Bibind.WebConsole.Registration;

/// <summary>The console's addresses.</summary>
public static class ConsoleEndpoints
{
    /// <summary>The pages; who may see them is for the host to say.</summary>
    public static RouteGroupBuilder MapConsolePages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapGroup("/console");
        Get("", "Overview", OverviewPages.ShowAsync);
        Get("/tenants", "Tenants", TenantPages.ListAsync);
        Get("/tenants/{id}", "Tenant", TenantPages.ShowAsync);
        Get("/tenants/{id}/{tab}", "TenantTab", TenantPages.ShowAsync);
        Get("/jobs", "Jobs", JobPages.ListAsync);
        Get("/jobs/{id}", "Job", JobPages.ShowAsync);
        Get("/jobs/{id}/live", "JobLive", JobPages.ShowAsync);
        Get("/servers", "Servers", FleetPages.ServersAsync);
        Get("/servers/{id}", "Server", FleetPages.ServerAsync);
        Get("/templates", "Templates", FleetPages.TemplatesAsync);
        Get("/templates/{id}", "Template", FleetPages.TemplateAsync);
        Get("/rollouts", "Rollouts", FleetPages.RolloutsAsync);
        Get("/rollouts/{id}", "Rollout", FleetPages.RolloutAsync);
        Get("/offers", "Offers", FleetPages.OffersAsync);
        Get("/billing", "Billing", RecordPages.BillingAsync);
        Get("/billing/{id}", "BillingMessage", RecordPages.BillingMessageAsync);
        Get("/deliveries", "Deliveries", RecordPages.DeliveriesAsync);
        Get("/deliveries/notices", "Notices", RecordPages.NoticesAsync);
        Get("/findings", "Findings", RecordPages.FindingsAsync);
        Get("/backups", "Backups", RecordPages.BackupsAsync);
        Get("/pending", "Pending", RecordPages.PendingAsync);
        Get("/audit", "Audit", RecordPages.AuditAsync);
        Get("/settings", "Settings", RecordPages.SettingsAsync);
        Get("/do/{area}/{act}", "Form", ActionPages.AskAsync);
        Get("/do/{area}/{id}/{act}", "FormOfOne", ActionPages.AskAsync);
        Post("/do/{area}/{act}", "Do", ActionPages.DoAsync);
        Post("/do/{area}/{id}/{act}", "DoWithOne", ActionPages.DoAsync);
        Post("/jobs/bulk", "Bulk", BulkPages.PostAsync);
        Post("/preferences", "Preferences", request => Preferences.SetAsync(request.Context));

        // Whatever else is asked for is said in a page, too, and needs a session like every other.
        Get("/{**page}", "Nowhere", request => Task.FromResult<IResult>(request.NoSuchPage()));
        return console;

        void Get(string path, string name, Func<PageRequest, Task<IResult>> show) => console.MapGet(path, context => RunAsync(context, show)).WithName($"console{name}");
        void Post(string path, string name, Func<PageRequest, Task<IResult>> act) => console.MapPost(path, context => RunAsync(context, act)).WithName($"console{name}");
    }

    /// <summary>The style sheet, the script and the icons: open to everybody, for they say nothing.</summary>
    public static RouteGroupBuilder MapConsoleFiles(this IEndpointRouteBuilder routes)
    {
        var files = routes.MapGroup("/console/assets");
        files.MapGet("/{hash}/{name}", context => StaticFiles.ServeAsync(context, (string)context.GetRouteValue("hash")!, (string)context.GetRouteValue("name")!)).WithName("consoleAssets");
        return files;
    }

    private static async Task RunAsync(HttpContext context, Func<PageRequest, Task<IResult>> act)
    {
        using var request = new PageRequest(context);
        await (await act(request)).ExecuteAsync(context);
    }
}
