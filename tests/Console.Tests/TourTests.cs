using System.Text.RegularExpressions;
using Bibind.Durable;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Bibind.WebConsole.Pages;
using Bibind.WebConsole.Registration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Playwright;
using Xunit;

namespace Bibind.WebConsole.Tests;

/// <summary>
/// The tour of the documentation shows every page as it is: an installation that nobody has is walked through, and with <c>BIBIND_WRITE_PICTURES=1</c> each page is photographed.
/// </summary>
public sealed partial class TourTests(ConsoleSite site)
{
    private const int LargestPicture = 80 * 1024;
    private static readonly bool Writes = Environment.GetEnvironmentVariable("BIBIND_WRITE_PICTURES") == "1";
    private static readonly string Docs = Path.Combine(Repository.Root, "docs");

    // What is no page of its own: a part of one that is asked for again while it is looked at.
    private static readonly string[] Parts = ["JobLive"];

    private static readonly (string Picture, string Path, string Page)[] Stops =
    [
        ("overview", "/console", "Overview"),
        ("tenants", "/console/tenants", "Tenants"),
        ("tenant", "/console/tenants/bluebird", "Tenant"),
        ("tenant-domains", "/console/tenants/bluebird/domains", "TenantTab/domains"),
        ("tenant-backups", "/console/tenants/bluebird/backups", "TenantTab/backups"),
        ("tenant-subscription", "/console/tenants/bluebird/subscription", "TenantTab/subscription"),
        ("tenant-jobs", "/console/tenants/bluebird/jobs", "TenantTab/jobs"),
        ("tenant-usage", "/console/tenants/bluebird/usage", "TenantTab/usage"),
        ("tenant-releases", "/console/tenants/bluebird/releases", "TenantTab/releases"),
        ("tenant-changes", "/console/tenants/bluebird/changes", "TenantTab/changes"),
        ("tenant-support", "/console/tenants/bluebird/support", "TenantTab/support"),
        ("tenant-danger", "/console/tenants/bluebird/danger", "TenantTab/danger"),
        ("order", "/console/do/tenants/order", "Form"),
        ("suspend", "/console/do/tenants/bluebird/suspend", "FormOfOne"),
        ("jobs", "/console/jobs?kind=verify-backup&state=failed", "Jobs"),
        ("job", "/console/jobs/{waiting}", "Job"),
        ("job-step", "/console/jobs/{job}/steps/2", "JobStep"),
        ("jobs-purge", "/console/jobs/purge", "JobPurge"),
        ("servers", "/console/servers", "Servers"),
        ("server", "/console/servers/paris-2", "Server"),
        ("templates", "/console/templates", "Templates"),
        ("template", "/console/templates/blank", "Template"),
        ("rollouts", "/console/rollouts", "Rollouts"),
        ("rollout", "/console/rollouts/1", "Rollout"),
        ("offers", "/console/offers", "Offers"),
        ("billing", "/console/billing", "Billing"),
        ("billing-message", "/console/billing/evt-2201", "BillingMessage"),
        ("deliveries", "/console/deliveries", "Deliveries"),
        ("notices", "/console/deliveries/notices", "Notices"),
        ("findings", "/console/findings", "Findings"),
        ("backups", "/console/backups", "Backups"),
        ("pending", "/console/pending", "Pending"),
        ("access", "/console/access", "Access"),
        ("audit", "/console/audit", "Audit"),
        ("settings", "/console/settings", "Settings"),
    ];

    [Fact]
    public async Task Every_page_is_walked_and_shown_as_it_is()
    {
        await using var host = new ApiHost(site.Host.Postgres)
        {
            More = ["--Seed:Server:Code=paris-1", "--Seed:Server:Name=Paris 1", "--Console:TraceUrl=https://traces.hosting.example/trace/{traceId}"],
            Configure = services => services.RemoveAll<TaskRegistry>().AddSingleton(TourOrchestrators.Registry()),
        };
        await host.InitializeAsync();
        await TourRows.AddAsync(host);
        var job = await host.ScalarAsync<string>("select id from control.jobs where tenant_code = 'bluebird' and kind = 'provision'");
        var waiting = await host.ScalarAsync<string>($"select id from control.jobs where tenant_code = '{TourOrchestrators.Waiting}'");
        await using var visitor = await site.VisitAsync(configure: options =>
        {
            options.ViewportSize = new ViewportSize { Width = 1280, Height = 800 };
            options.ColorScheme = ColorScheme.Light;
            (options.BaseURL, options.StorageState) = (host.Address.ToString(), null);
        });
        await visitor.SignInAsync(ApiHost.AdminToken);
        var tooLarge = new List<string>();
        foreach (var (picture, path, _) in Stops)
        {
            Assert.Equal((path, 200), (path, await visitor.GoAsync(path.Replace("{job}", job, StringComparison.Ordinal).Replace("{waiting}", waiting, StringComparison.Ordinal))));
            Assert.NotEmpty((await visitor.TextAsync()).Trim());
            if (Writes)
            {
                var bytes = await SmallPicture.OfAsync(visitor.Page);
                await File.WriteAllBytesAsync(FileOf(picture), bytes);
                if (bytes.Length > LargestPicture)
                {
                    tooLarge.Add($"{picture}: {bytes.Length / 1024} KiB");
                }
            }
        }

        visitor.CheckFaults();
        Assert.Empty(tooLarge);
    }

    [Fact]
    public void The_tour_has_every_page_of_the_console()
    {
        var pages = ConsoleEndpoints.Pages.Select(p => p.Name).Except(Parts).SelectMany(name => name == "TenantTab" ? TenantPages.Tabs.Where(t => t.Length > 0).Select(t => $"TenantTab/{t}") : [name]);
        Assert.Equal(pages.Order(StringComparer.Ordinal), Stops.Select(s => s.Page).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_picture_of_the_tour_is_there_small_and_shown()
    {
        var tour = await File.ReadAllTextAsync(Path.Combine(Docs, "tour.md"));
        var shown = Picture().Matches(tour).Select(m => m.Groups["name"].Value).ToList();
        Assert.Equal(Stops.Select(s => s.Picture).Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
        Assert.All(Stops, stop => Assert.InRange(new FileInfo(FileOf(stop.Picture)).Length, 1, LargestPicture));
        Assert.Equal(
            Stops.Select(s => Path.GetFileName(FileOf(s.Picture))).Order(StringComparer.Ordinal),
            Directory.GetFiles(Path.Combine(Docs, "images"), "console-*.png").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private static string FileOf(string picture) => Path.Combine(Docs, "images", $"console-{picture}.png");

    [GeneratedRegex("""!\[[^\]]+\]\(images/console-(?<name>[a-z-]+)\.png\)""")]
    private static partial Regex Picture();
}
