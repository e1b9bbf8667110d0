using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>
/// What <c>./run</c> does: a whole local installation, one tenant ordered as Bibind's console orders it, and the host kept serving.
/// With <c>--full</c> every effect happens at a real server of the moment, and <c>--once</c> removes the tenant again.
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
        var isFull = line.Has("--full");
        await using var servers = isFull ? await FullServers.StartAsync(console, cancellationToken) : null;
        await using var installation = await Installation.OpenAsync(
            isFull ? InstallationPlace.Throwaway(root) : InstallationPlace.Kept(root), servers?.Settings ?? new Dictionary<string, string>(), console, cancellationToken);
        var settings = installation.Settings;
        WarnOfMissingDump(installation, console);
        var address = line.FindPort("--port") is { } port
            ? new UriBuilder(settings.Address) { Port = port }.Uri
            : settings.Address;

        using var client = new ControlPlaneClient(address, settings.ApiToken);
        var watch = Stopwatch.StartNew();
        await using var host = await HostProcess.StartAsync(installation, address, client, cancellationToken);
        console.WriteLine(
            $"The host is ready on {address.GetLeftPart(UriPartial.Authority)} ({watch.Elapsed.TotalSeconds:0.0} s), its log is {installation.Place.Show(host.LogFile)}");

        var job = await OrderAsync(client, installation, console, cancellationToken);
        if (!job.HasSucceeded)
        {
            await Console.Error.WriteLineAsync($"The order {job.State}: {job.Reason ?? "no reason was given"}");
        }

        var proof = servers is null ? null : new Proof(servers, settings, Console.Out);
        if (proof is not null && job.HasSucceeded)
        {
            Console.WriteLine();
            await proof.ShowAsync(job, cancellationToken);
        }

        if (line.Has("--once"))
        {
            return job.HasSucceeded && (proof is null || await RemoveAsync(proof, client, console, job, cancellationToken)) ? 0 : 1;
        }

        if (servers is not null)
        {
            await LetLookAsync(servers, installation, address, job, cancellationToken);
        }

        Farewell.HowToGoOn(Console.Out, installation, address);
        return await ServeAsync(host, cancellationToken);
    }

    private static async Task<JobView> OrderAsync(
        ControlPlaneClient client, Installation installation, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var number = await client.FindFreeNumberAsync(cancellationToken);
        var order = DemoOrder.Body(number);
        console.WriteLine($"Odoo orders the tenant demo-{number.ToString(CultureInfo.InvariantCulture)}:");
        var watch = Stopwatch.StartNew();
        var jobAddress = await client.OrderAsync(installation.Settings.WebhookToken, order.ToJsonString(JsonSerializerOptions.Web), cancellationToken);
        var accepted = watch.Elapsed;
        var job = await new JobFollower(client, console).FollowAsync(jobAddress, cancellationToken);
        var observed = watch.Elapsed;
        if (job.HasSucceeded)
        {
            job = await client.WithFirstBackupAsync(job, cancellationToken);
            Farewell.WhatThereIs(Console.Out, job, installation, client.Address, accepted, observed);
        }

        return job;
    }

    /// <summary>Lets names of one's own be proved, too, and says how to reach what there is.</summary>
    private static async Task LetLookAsync(
        FullServers servers, Installation installation, Uri address, JobView job, CancellationToken cancellationToken)
    {
        await servers.Proxy.ServeChallengesAsync(servers.Authority.HttpPort, address, cancellationToken);
        using var root = await servers.Authority.GetRootAsync(cancellationToken);
        var rootFile = Path.Combine(installation.Place.Data, "root.pem");
        await File.WriteAllTextAsync(rootFile, root.ExportCertificatePem() + "\n", cancellationToken);
        if (job.Result?.Host is { } host)
        {
            Farewell.HowToLook(Console.Out, servers, installation, host, rootFile);
        }
    }

    private static async Task<bool> RemoveAsync(
        Proof proof, ControlPlaneClient client, IAnsiConsole console, JobView job, CancellationToken cancellationToken)
    {
        console.WriteLine();
        console.WriteLine($"The tenant {job.Tenant} is removed, its backups included:");
        var removal = await new JobFollower(client, console).FollowAsync(await client.RemoveAsync(job.Tenant!, cancellationToken), cancellationToken);
        if (!removal.HasSucceeded)
        {
            await Console.Error.WriteLineAsync($"The removal {removal.State}: {removal.Reason ?? "no reason was given"}");
        }

        Console.WriteLine();
        var isGone = await proof.ShowGoneAsync(removal, job.Result!.Host!, cancellationToken);
        Console.WriteLine(isGone ? "Nothing is left." : "Something is left.");
        return removal.HasSucceeded && isGone;
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
