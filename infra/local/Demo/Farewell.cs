using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Bibind.Local.Demo;

/// <summary>What is printed at the end: the tenant, and how to go on.</summary>
internal static class Farewell
{
    private const string ReadToken = """TOKEN=$(sed -n 's/.*"Auth__Tokens__0__Token": "\(.*\)".*/\1/p' local.settings.json)""";
    private const string ReadHook = """HOOK=$(sed -n 's/.*"OdooWebhooks__0__Token": "\(.*\)".*/\1/p' local.settings.json)""";

    public static void WhatThereIs(
        IAnsiConsole console, JobView job, SettingsFile settings, Uri address, TimeSpan accepted, TimeSpan observed)
    {
        var place = settings.Find("Seed__Server__DatabaseHost") + ":" + settings.Find("Seed__Server__DatabasePort");
        var active = job.DurationMs is { } ms ? TimeSpan.FromMilliseconds(ms) : observed;
        console.WriteLine();
        console.WriteLine($"Tenant       {job.Tenant}");
        console.WriteLine($"Database     {job.Result?.Database} on {place}");
        console.WriteLine($"Host         {job.Result?.Host}");
        console.WriteLine($"Backup       {job.Result?.BackupKey ?? "none was taken"}");
        console.WriteLine("Credentials  shown once to an administrator:");
        console.WriteLine($"  {ReadToken}");
        console.WriteLine($"""  curl -X POST -H "Authorization: Bearer $TOKEN" {address}api/tenants/{job.Tenant}/credentials/reveal""");
        foreach (var note in job.Result?.Notes ?? [])
        {
            console.WriteLine($"Note         {note}");
        }

        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Time         {active.TotalMilliseconds:0} ms from order to active (accepted after {accepted.TotalMilliseconds:0} ms)"));
    }

    public static void HowToGoOn(IAnsiConsole console, Uri address)
    {
        var body = DemoOrder.Body(1000);
        body["code"] = "another";
        body["name"] = "Another";
        console.WriteLine();
        console.WriteLine("To order another tenant:");
        console.WriteLine($"  {ReadHook}");
        console.WriteLine($"""  curl -i -H 'Content-Type: application/json' {address}webhooks/odoo/$HOOK -d '{body.ToJsonString(JsonSerializerOptions.Web)}'""");
        console.WriteLine("Serving. Ctrl-C stops the host and PostgreSQL; the data stay in data/.");
    }
}
