using System.Globalization;
using System.Text.Json;

namespace Bibind.Local.Demo;

/// <summary>
/// What is printed at the end: the tenant, and how to go on. Straight to the writer: lines that are to be copied must not be wrapped.
/// </summary>
internal static class Farewell
{
    public static void WhatThereIs(TextWriter output, JobView job, Installation installation, Uri address)
    {
        var settings = installation.Settings;
        var place = settings.Find("Seed__Server__DatabaseHost") + ":" + settings.Find("Seed__Server__DatabasePort");
        output.WriteLine();
        output.WriteLine($"Tenant       {job.Tenant}");
        output.WriteLine($"Database     {job.Result?.Database} on {place}");
        if (settings.Find("FileStore__Folder") is { } folder)
        {
            output.WriteLine($"Files        {Path.Combine(folder, job.Result?.Database ?? string.Empty)}");
        }

        output.WriteLine($"Host         {job.Result?.Host}{(installation.Place.IsThrowaway ? "" : ": a name so far, at which nothing answers; ./run --full has a proxy and an Odoo there")}");
        output.WriteLine($"Backup       {job.Result?.BackupKey ?? "none was taken"}");
        output.WriteLine("Credentials  shown once to an administrator:");
        output.WriteLine($"  {Read("TOKEN", "Auth__Tokens__0__Token", installation)}");
        output.WriteLine($"""  curl -X POST -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(uuidgen)" {address}api/tenants/{job.Tenant}/credentials/reveal""");
        foreach (var note in job.Result?.Notes ?? [])
        {
            output.WriteLine($"Note         {note}");
        }
    }

    public static void HowLong(TextWriter output, JobView job, TimeSpan accepted, TimeSpan observed)
    {
        var active = job.DurationMs is { } ms ? TimeSpan.FromMilliseconds(ms) : observed;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Time         {active.TotalMilliseconds:0} ms from order to active (accepted after {accepted.TotalMilliseconds:0} ms)"));
    }

    public static void HowToGoOn(TextWriter output, Installation installation, Uri address)
    {
        var body = DemoOrder.Body(1000, DemoOrder.TemplateOf(installation.Settings));
        body["code"] = "another";
        body["name"] = "Another";
        output.WriteLine();
        output.WriteLine($"Console      {address}console");
        output.WriteLine("To order another tenant:");
        output.WriteLine($"  {Read("HOOK", "OdooWebhooks__0__Token", installation)}");
        output.WriteLine($"""  curl -i -H 'Content-Type: application/json' {address}webhooks/odoo/$HOOK -d '{body.ToJsonString(JsonSerializerOptions.Web)}'""");
        output.WriteLine(installation.Place.IsThrowaway
            ? "Serving. Ctrl-C ends every server; nothing of this installation is kept."
            : "Serving. Ctrl-C stops the host and PostgreSQL; the data stay in data/.");
        HowToRemove(output, installation);
    }

    /// <summary>How to begin with nothing, and how to leave nothing.</summary>
    public static void HowToRemove(TextWriter output, Installation installation)
    {
        var place = installation.Place;
        if (place.IsThrowaway)
        {
            output.WriteLine("To remove what was fetched for it (packages that root installed stay):  rm -rf data/tools data/full");
            return;
        }

        // PostgreSQL's data lie elsewhere where its account cannot enter this folder.
        var elsewhere = installation.Postgres.Folder.StartsWith(place.Data, StringComparison.Ordinal) ? string.Empty : $" {installation.Postgres.Folder}";
        output.WriteLine($"To begin anew, once it has ended:  rm -rf data/postgres data/storage data/filestore local.settings.json{elsewhere}");
        output.WriteLine($"To remove everything (packages that root installed stay):  rm -rf data local.settings.json{elsewhere}");
    }

    /// <summary>How people reach a tenant, and what else can be asked.</summary>
    /// <param name="rootFile">PEM of the authority's root.</param>
    public static void HowToLook(TextWriter output, FullServers servers, Installation installation, string host, string rootFile)
    {
        var (proxy, dns) = (servers.Proxy.Https, servers.Dns.Dns);
        output.WriteLine();
        output.WriteLine("To look for yourself:");
        output.WriteLine($"  curl --cacert {installation.Place.Show(rootFile)} --connect-to {host}:443:{proxy.Authority} https://{host}/");
        output.WriteLine($"  curl --cacert {installation.Place.Show(rootFile)} --resolve {host}:{proxy.Port}:{proxy.Host} https://{host}:{proxy.Port}/");
        output.WriteLine($"  dig @{dns.Address} -p {dns.Port} {host}");
        output.WriteLine($"  curl {new Uri(servers.Proxy.Admin, "/config/")}");
        output.WriteLine($"  S3 at {servers.S3.Url}, its keys in {installation.Place.Show(installation.Settings.Path)} (Storage__S3__AccessKey, ...SecretKey)");
    }

    private static string Read(string variable, string setting, Installation installation) =>
        $"""{variable}=$(sed -n 's/.*"{setting}": "\(.*\)".*/\1/p' {installation.Place.Show(installation.Settings.Path)})""";
}
