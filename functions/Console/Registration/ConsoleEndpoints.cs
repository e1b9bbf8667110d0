using Bibind.WebConsole.Pages;
using Bibind.WebConsole.Web;

namespace Bibind.WebConsole.Registration;

/// <summary>The console's addresses.</summary>
public static class ConsoleEndpoints
{
    /// <summary>Every page by its address below <c>/console</c>.</summary>
    internal static IReadOnlyList<(string Path, string Name, Func<PageRequest, Task<IResult>> Show)> Pages { get; } =
    [
        ("", "Overview", OverviewPages.ShowAsync),
        ("/tenants", "Tenants", TenantPages.ListAsync),
        ("/tenants/{id}", "Tenant", TenantPages.ShowAsync),
        ("/tenants/{id}/{tab}", "TenantTab", TenantPages.ShowAsync),
        ("/jobs", "Jobs", JobPages.ListAsync),
        ("/jobs/purge", "JobPurge", PurgePages.AskAsync),
        ("/jobs/{id}", "Job", JobPages.ShowAsync),
        ("/jobs/{id}/live", "JobLive", JobPages.ShowAsync),
        ("/jobs/{id}/steps/{number}", "JobStep", JobPages.ShowStepAsync),
        ("/servers", "Servers", FleetPages.ServersAsync),
        ("/servers/{id}", "Server", FleetPages.ServerAsync),
        ("/templates", "Templates", FleetPages.TemplatesAsync),
        ("/templates/{id}", "Template", FleetPages.TemplateAsync),
        ("/rollouts", "Rollouts", FleetPages.RolloutsAsync),
        ("/rollouts/{id}", "Rollout", FleetPages.RolloutAsync),
        ("/offers", "Offers", FleetPages.OffersAsync),
        ("/billing", "Billing", RecordPages.BillingAsync),
        ("/billing/{id}", "BillingMessage", RecordPages.BillingMessageAsync),
        ("/deliveries", "Deliveries", RecordPages.DeliveriesAsync),
        ("/deliveries/notices", "Notices", RecordPages.NoticesAsync),
        ("/findings", "Findings", RecordPages.FindingsAsync),
        ("/backups", "Backups", RecordPages.BackupsAsync),
        ("/pending", "Pending", RecordPages.PendingAsync),
        ("/audit", "Audit", RecordPages.AuditAsync),
        ("/access", "Access", RecordPages.AccessAsync),
        ("/settings", "Settings", RecordPages.SettingsAsync),
        ("/do/{area}/{act}", "Form", ActionPages.AskAsync),
        ("/do/{area}/{id}/{act}", "FormOfOne", ActionPages.AskAsync),
    ];

    /// <summary>The pages; who may see them is for the host to say.</summary>
    public static RouteGroupBuilder MapConsolePages(this IEndpointRouteBuilder routes)
    {
        var console = routes.MapGroup("/console");
        foreach (var (path, name, show) in Pages)
        {
            Get(path, name, show);
        }

        Post("/do/{area}/{act}", "Do", ActionPages.DoAsync);
        Post("/do/{area}/{id}/{act}", "DoWithOne", ActionPages.DoAsync);
        Post("/jobs/bulk", "Bulk", BulkPages.PostAsync);
        Post("/jobs/purge", "Purge", PurgePages.PostAsync);
        Post("/views", "KeepView", SavedViewPages.KeepAsync);
        Post("/views/forget", "ForgetView", SavedViewPages.ForgetAsync);
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
        if (HttpMethods.IsGet(context.Request.Method) && ConsoleLists.Paths.Contains(request.View.Path))
        {
            await request.ReadSavedViewsAsync();
        }

        await (await act(request)).ExecuteAsync(context);
    }
}
