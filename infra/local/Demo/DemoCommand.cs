using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Bibind.Local.RealServers;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>What <c>./run</c> was asked for.</summary>
/// <param name="Root">Full path of the repository.</param>
/// <param name="IsFull">Every effect at a real server.</param>
/// <param name="HasStandIn">Without Odoo.</param>
/// <param name="Once">Ends after one tenant.</param>
/// <param name="Another">One more tenant, where an earlier start left one.</param>
/// <param name="Port">Null for the one in the settings.</param>
internal sealed record DemoOptions(string Root, bool IsFull, bool HasStandIn, bool Once, bool Another, int? Port);

/// <summary>
/// What <c>./run</c> does: a whole local installation, one tenant ordered as Bibind's console orders it, and the host kept serving.
/// With <c>--full</c> every effect happens at a real server of the moment, and <c>--once</c> removes the tenant again.
/// </summary>
internal static class DemoCommand
{
    public static async Task<int> RunAsync(DemoOptions options, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Console;
        if (Console.IsOutputRedirected)
        {
            // Whoever reads a file or a pipe has no width to wrap lines at.
            console.Profile.Width = int.MaxValue;
        }

        await using var servers = options.IsFull ? await FullServers.StartAsync(console, cancellationToken) : null;
        var isReal = servers is not null && IsReal(options, console);
        await using var installation = await Installation.OpenAsync(
            options.IsFull ? InstallationPaths.Throwaway(options.Root) : InstallationPaths.Kept(options.Root), hasTemplates: !isReal,
            async postgres => servers is null ? new Dictionary<string, string>() : await servers.StartApplicationAsync(postgres, isReal, console, cancellationToken),
            console, cancellationToken);
        return await PostgresWatch.RunAsync(
            installation.Postgres, watched => WorkAsync(options, installation, servers, isReal, console, watched), cancellationToken);
    }

    private static async Task<int> WorkAsync(
        DemoOptions options, Installation installation, FullServers? servers, bool isReal, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var settings = installation.Settings;
        WarnOfMissingDump(installation, console);
        var address = options.Port is { } port
            ? new UriBuilder(settings.Address) { Port = port }.Uri
            : settings.Address;

        using var client = new ControlPlaneClient(address, settings.ApiToken);
        var watch = Stopwatch.StartNew();
        await using var host = await HostProcess.StartAsync(installation, address, client, cancellationToken);
        console.WriteLine(
            $"The host is ready on {address.GetLeftPart(UriPartial.Authority)} ({watch.Elapsed.TotalSeconds:0.0} s), its log is {installation.Place.Show(host.LogFile)}");

        using var odoo = isReal ? new OdooDemo(servers!, installation, client, console) : null;
        if (odoo is not null)
        {
            await odoo.PrepareAsync(cancellationToken);
        }

        var demos = await client.FindDemosAsync(cancellationToken);
        var job = !options.Another && demos.Working is { } there
            ? await ShowAsync(client, installation, there, console, cancellationToken)
            : await OrderAsync(client, installation, odoo, demos.NextNumber, console, cancellationToken);
        if (!job.HasSucceeded)
        {
            await Console.Error.WriteLineAsync($"The order {job.State}: {job.Reason ?? "no reason was given"}");
        }

        var proof = servers is null ? null : new Proof(servers, settings, Console.Out);
        if (proof is not null && job.HasSucceeded)
        {
            Console.WriteLine();
            await proof.ShowAsync(job, cancellationToken);
            await (odoo?.ShowAsync(job, cancellationToken) ?? Task.CompletedTask);
        }

        if (options.Once)
        {
            Console.WriteLine();
            Farewell.HowToRemove(Console.Out, installation);
            return job.HasSucceeded && (proof is null || await RemoveAsync(proof, odoo, client, console, job, cancellationToken)) ? 0 : 1;
        }

        if (servers is not null)
        {
            await LetLookAsync(servers, installation, odoo, address, job, cancellationToken);
        }

        Farewell.HowToGoOn(Console.Out, installation, address);
        return await ServeAsync(host, cancellationToken);
    }

    /// <summary>True if the real Odoo is to be used: where there is one, unless the stand-in is asked for.</summary>
    private static bool IsReal(DemoOptions options, IAnsiConsole console)
    {
        if (options.HasStandIn)
        {
            return false;
        }

        var isThere = OdooProgram.Find() is not null;
        if (!isThere)
        {
            console.WriteLine($"{OdooProgram.Missing} A stand-in answers in its place.");
        }

        return isThere;
    }

    private static async Task<JobView> OrderAsync(
        ControlPlaneClient client, Installation installation, OdooDemo? odoo, int number, IAnsiConsole console, CancellationToken cancellationToken)
    {
        var order = DemoOrder.Body(number, DemoOrder.TemplateOf(installation.Settings));
        console.WriteLine($"Odoo orders the tenant demo-{number.ToString(CultureInfo.InvariantCulture)}{(odoo is null ? "" : " by its automation rule")}:");
        var watch = Stopwatch.StartNew();
        var jobAddress = odoo is null
            ? await client.OrderAsync(installation.Settings.WebhookToken, order.ToJsonString(JsonSerializerOptions.Web), cancellationToken)
            : await odoo.OrderAsync(order, cancellationToken);
        var accepted = watch.Elapsed;
        var job = await new JobFollower(client, console).FollowAsync(jobAddress, cancellationToken);
        var observed = watch.Elapsed;
        if (job.HasSucceeded)
        {
            job = await client.WithFirstBackupAsync(job, cancellationToken);
            Farewell.WhatThereIs(Console.Out, job, installation, client.Address);
            Farewell.HowLong(Console.Out, job, accepted, observed);
        }

        return job;
    }

    /// <summary>The tenant of an earlier start, which another is not added to unless it is asked for.</summary>
    private static async Task<JobView> ShowAsync(
        ControlPlaneClient client, Installation installation, string tenant, IAnsiConsole console, CancellationToken cancellationToken)
    {
        console.WriteLine($"The tenant {tenant} is there, of an earlier start. ./run --another orders one more.");
        var address = await client.FindJobAsync(tenant, cancellationToken)
            ?? throw new LocalServerException($"The job that made {tenant} is not known any more. ./run --another orders one more.");
        var job = await client.WithBackupAsync(await client.GetJobAsync(address, cancellationToken), cancellationToken);
        Farewell.WhatThereIs(Console.Out, job, installation, client.Address);
        return job;
    }

    /// <summary>Lets names of one's own be proved, too, and says how to reach what there is.</summary>
    private static async Task LetLookAsync(
        FullServers servers, Installation installation, OdooDemo? odoo, Uri address, JobView job, CancellationToken cancellationToken)
    {
        await servers.Proxy.ServeChallengesAsync(servers.Authority.HttpPort, address, cancellationToken);
        using var root = await servers.Authority.GetRootAsync(cancellationToken);
        var rootFile = Path.Combine(installation.Place.Data, "root.pem");
        await File.WriteAllTextAsync(rootFile, root.ExportCertificatePem() + "\n", cancellationToken);
        if (job.Result?.Host is { } host)
        {
            Farewell.HowToLook(Console.Out, servers, installation, host, rootFile);
            odoo?.SayWhereToLook(rootFile);
        }
    }

    private static async Task<bool> RemoveAsync(
        Proof proof, OdooDemo? odoo, ControlPlaneClient client, IAnsiConsole console, JobView job, CancellationToken cancellationToken)
    {
        console.WriteLine();
        await (odoo?.RemoveCopiesAsync(job, cancellationToken) ?? Task.CompletedTask);
        console.WriteLine($"The tenant {job.Tenant} is removed, its backups included:");
        var removal = await new JobFollower(client, console).FollowAsync(await client.RemoveAsync(job.Tenant!, cancellationToken), cancellationToken);
        if (!removal.HasSucceeded)
        {
            await Console.Error.WriteLineAsync($"The removal {removal.State}: {removal.Reason ?? "no reason was given"}");
        }

        Console.WriteLine();
        var isGone = await proof.ShowGoneAsync(removal, job.Result!.Host!, cancellationToken) & (odoo is null || await odoo.ShowGoneAsync(cancellationToken));
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
