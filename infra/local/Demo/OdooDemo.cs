using System.Globalization;
using System.Text.Json.Nodes;
using Bibind.Local.RealServers;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>
/// The whole life of a tenant with the real Odoo: a template by its program, an order by its automation rule, sign-in, backup,
/// both restores, removal; and after each what Odoo itself says.
/// </summary>
internal sealed class OdooDemo(FullServers servers, Installation installation, ControlPlaneClient client, IAnsiConsole console) : IDisposable
{
    private const string Kept = "Customer of before the backup";
    private const string Lost = "Customer of after the backup";

    // More than the product lets the making of a template take, which is one step.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);
    private static readonly TimeSpan WebhookLimit = TimeSpan.FromSeconds(15);

    private readonly List<OdooTenant> _tenants = [];
    private MasterOdoo? _master;

    private OdooServer Odoo => servers.Odoo!;

    public void Dispose() => _master?.Dispose();

    /// <summary>Has the product make the template, and makes the Odoo that sells.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        // Both take a while, and neither needs the other.
        var webhook = new Uri(client.Address, $"webhooks/odoo/{installation.Settings.WebhookToken}");
        var master = MasterOdoo.MakeAsync(installation.Postgres, Odoo, webhook, cancellationToken);
        console.WriteLine($"The template blank is made by {Odoo.Program}:");
        var job = await client.MakeTemplateAsync("blank", installation.Settings.Required("Seed__Server__Code"), "fr_FR", cancellationToken);
        await Task.WhenAll(FollowAsync("The template", job, cancellationToken), master);
        _master = await master;
        console.WriteLine($"The database {MasterOdoo.Database} sells tenants: {(_master.IsRestored ? "restored from what an earlier run kept" : "made by odoo-bin")}, with a new automation rule.");
    }

    /// <summary>Makes a record in the Odoo that sells; its automation rule orders the tenant.</summary>
    /// <returns>The address of the job.</returns>
    public async Task<string> OrderAsync(JsonObject order, CancellationToken cancellationToken)
    {
        await _master!.SellAsync(order, cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(WebhookLimit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        try
        {
            while (true)
            {
                if (await client.FindJobAsync(order["code"]!.GetValue<string>(), limit.Token) is { } job)
                {
                    return job;
                }

                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var said = (await File.ReadAllLinesAsync(Odoo.LogFile, cancellationToken)).Where(line => line.Contains("Webhook call", StringComparison.Ordinal));
            throw new LocalServerException($"Odoo's automation rule ordered nothing. It said:\n{string.Join('\n', said)}");
        }
    }

    /// <summary>Signs in to the new tenant, backs it up, restores it in its place and as another one.</summary>
    public async Task ShowAsync(JobView job, CancellationToken cancellationToken)
    {
        var tenant = await RevealAsync(job, cancellationToken);
        await tenant.SignInAsync(cancellationToken);
        await tenant.ShowAsync(cancellationToken);
        await tenant.AddCustomerAsync(Kept, cancellationToken);

        console.WriteLine($"A backup of {tenant.Code}:");
        await FollowAsync("The backup", await client.BackUpAsync(tenant.Code, cancellationToken), cancellationToken);
        var backup = await client.FindNewestBackupAsync(tenant.Code, cancellationToken);
        await tenant.AddCustomerAsync(Lost, cancellationToken);

        console.WriteLine("It is restored into its own place:");
        await FollowAsync("The restore", await client.RestoreAsync(backup, null, cancellationToken), cancellationToken);
        await tenant.SignInAsync(cancellationToken);
        await tenant.ShowCustomersAsync(Kept, Lost, cancellationToken);

        console.WriteLine($"And as a tenant of its own, {tenant.Code}-copy:");
        var copied = await FollowAsync("The restore", await client.RestoreAsync(backup, $"{tenant.Code}-copy", cancellationToken), cancellationToken);
        var copy = await RevealAsync(copied, cancellationToken);
        await copy.SignInAsync(cancellationToken);
        await copy.ShowAsync(cancellationToken);
        await copy.ShowCustomersAsync(Kept, Lost, cancellationToken);
    }

    /// <summary>Removes the copy: the tenant itself is removed as any other.</summary>
    public async Task RemoveCopiesAsync(JobView job, CancellationToken cancellationToken)
    {
        foreach (var tenant in _tenants.Where(t => t.Code != job.Tenant))
        {
            console.WriteLine($"The tenant {tenant.Code} is removed, its backups included:");
            await FollowAsync("The removal", await client.RemoveAsync(tenant.Code, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Shows that Odoo has nothing of all of them; true if so.</summary>
    public async Task<bool> ShowGoneAsync(CancellationToken cancellationToken)
    {
        var isGone = true;
        foreach (var tenant in _tenants)
        {
            isGone &= await tenant.ShowGoneAsync(cancellationToken);
        }

        return isGone;
    }

    /// <summary>Addresses to open in a browser, and what to sign in with.</summary>
    public void SayWhereToLook(string rootFile)
    {
        var port = servers.Proxy.Https.Port.ToString(CultureInfo.InvariantCulture);
        Console.WriteLine();
        Console.WriteLine("To open in a browser (names below localhost are this machine's; the certificate leads to the root in");
        Console.WriteLine($"{installation.Place.Show(rootFile)}, which the browser has to be told of, or its warning passed over):");
        foreach (var tenant in _tenants)
        {
            Console.WriteLine($"  https://{tenant.Host}:{port}/web/login");
            foreach (var person in new[] { tenant.Passwords.Administrator, tenant.Passwords.User }.OfType<TenantPassword>())
            {
                Console.WriteLine($"      {person.Login}  {person.Password}");
            }
        }

        Console.WriteLine($"  http://{MasterOdoo.Database}.localhost:{Odoo.Url.Port.ToString(CultureInfo.InvariantCulture)}/web/login, the Odoo that sells them");
        Console.WriteLine($"      admin  {_master!.Password}");
    }

    private async Task<OdooTenant> RevealAsync(JobView job, CancellationToken cancellationToken)
    {
        var tenant = new OdooTenant(servers, job.Tenant!, job.Result!.Host!, await client.RevealAsync(job.Tenant!, cancellationToken), Console.Out);
        _tenants.Add(tenant);
        return tenant;
    }

    private async Task<JobView> FollowAsync(string what, string jobAddress, CancellationToken cancellationToken)
    {
        var job = await new JobFollower(client, console, Patience).FollowAsync(jobAddress, cancellationToken);
        return job.HasSucceeded ? job : throw new LocalServerException($"{what} {job.State}: {job.Reason ?? "no reason was given"}");
    }
}
