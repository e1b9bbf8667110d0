using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>
/// What <c>./run</c> does: a whole local installation, one tenant ordered as Bibind's console orders it, and the host kept serving.
/// </summary>
internal static class DemoCommand
{
    public static async Task<int> RunAsync(CommandLine line, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
        {
            // Whoever reads a file or a pipe has no width to wrap lines at.
            console.Profile.Width = int.MaxValue;
        }

        var root = Path.GetFullPath(line.Find("--root") ?? Environment.CurrentDirectory);
        await using var installation = await Installation.OpenAsync(root, console, cancellationToken);
        var settings = installation.Settings;
        WarnOfMissingDump(installation, console);
        var address = line.FindPort("--port") is { } port
            ? new UriBuilder(settings.Address) { Port = port }.Uri
            : settings.Address;

        using var client = new ControlPlaneClient(address, settings.ApiToken);
        var watch = Stopwatch.StartNew();
        await using var host = await HostProcess.StartAsync(installation, address, client, cancellationToken);
        console.WriteLine($"The host is ready on {address.GetLeftPart(UriPartial.Authority)} ({watch.Elapsed.TotalSeconds:0.0} s), its log is data/host.log");

        var job = await OrderAsync(client, settings, console, cancellationToken);
        if (!job.HasSucceeded)
        {
            await Console.Error.WriteLineAsync($"The order {job.State}: {job.Reason ?? "no reason was given"}");
        }

        if (line.Has("--once"))
        {
            return job.HasSucceeded ? 0 : 1;
        }

        Farewell.HowToGoOn(console, address);
        return await ServeAsync(host, cancellationToken);
    }

    private static async Task<JobView> OrderAsync(
        ControlPlaneClient client, SettingsFile settings, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var number = await client.FindFreeNumberAsync(cancellationToken);
        var order = DemoOrder.Body(number);
        console.WriteLine($"Odoo orders the tenant demo-{number.ToString(CultureInfo.InvariantCulture)}:");
        var watch = Stopwatch.StartNew();
        var jobAddress = await client.OrderAsync(settings.WebhookToken, order.ToJsonString(JsonSerializerOptions.Web), cancellationToken);
        var accepted = watch.Elapsed;
        var job = await new JobFollower(client, console).FollowAsync(jobAddress, cancellationToken);
        if (job.HasSucceeded)
        {
            Farewell.WhatThereIs(console, job, settings, client.Address, accepted, watch.Elapsed);
        }

        return job;
    }

    private static async Task<int> ServeAsync(HostProcess host, CancellationToken cancellationToken)
    {
        var stopped = Task.Delay(Timeout.Infinite, cancellationToken);
        if (await Task.WhenAny(stopped, host.Ended) == stopped)
        {
            return 0;
        }

        throw new LocalServerException($"The host ended by itself. The end of its log:\n{host.LastLines()}");
    }

    private static void WarnOfMissingDump(Installation installation, IAnsiConsole console)
    {
        if (installation.Postgres.Binaries.PgDump is null)
        {
            console.MarkupLine("[yellow]WARNING: this PostgreSQL came without pg_dump: first backups are left out (Backups__Enabled=false).[/]");
            console.MarkupLine("[yellow]Install your distribution's PostgreSQL to have them.[/]");
        }
    }
}
