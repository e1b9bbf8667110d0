using System.Globalization;
using System.Text.Json;

namespace Bibind.Local.Demo;

/// <summary>
/// What is printed at the end: the tenant, and how to go on. Straight to the writer: lines that are to be copied must not be wrapped.
/// </summary>
internal static class Farewell
{
    private const string ReadToken = """TOKEN=$(sed -n 's/.*"Auth__Tokens__0__Token": "\(.*\)".*/\1/p' local.settings.json)""";
    private const string ReadHook = """HOOK=$(sed -n 's/.*"OdooWebhooks__0__Token": "\(.*\)".*/\1/p' local.settings.json)""";

    public static void WhatThereIs(
        TextWriter output, JobView job, SettingsFile settings, Uri address, TimeSpan accepted, TimeSpan observed)
    {
        var place = settings.Find("Seed__Server__DatabaseHost") + ":" + settings.Find("Seed__Server__DatabasePort");
        var active = job.DurationMs is { } ms ? TimeSpan.FromMilliseconds(ms) : observed;
        output.WriteLine();
        output.WriteLine($"Tenant       {job.Tenant}");
        output.WriteLine($"Database     {job.Result?.Database} on {place}");
        if (settings.Find("FileStore__Folder") is { } folder)
        {
            output.WriteLine($"Files        {Path.Combine(folder, job.Result?.Database ?? string.Empty)}");
        }

        output.WriteLine($"Host         {job.Result?.Host}");
        output.WriteLine($"Backup       {job.Result?.BackupKey ?? "none was taken"}");
        output.WriteLine("Credentials  shown once to an administrator:");
        output.WriteLine($"  {ReadToken}");
        output.WriteLine($"""  curl -X POST -H "Authorization: Bearer $TOKEN" {address}api/tenants/{job.Tenant}/credentials/reveal""");
        foreach (var note in job.Result?.Notes ?? [])
        {
            output.WriteLine($"Note         {note}");
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Time         {active.TotalMilliseconds:0} ms from order to active (accepted after {accepted.TotalMilliseconds:0} ms)"));
    }

    public static void HowToGoOn(TextWriter output, Uri address)
    {
        var body = DemoOrder.Body(1000);
        body["code"] = "another";
        body["name"] = "Another";
        output.WriteLine();
        output.WriteLine("To order another tenant:");
        output.WriteLine($"  {ReadHook}");
        output.WriteLine($"""  curl -i -H 'Content-Type: application/json' {address}webhooks/odoo/$HOOK -d '{body.ToJsonString(JsonSerializerOptions.Web)}'""");
        output.WriteLine("Serving. Ctrl-C stops the host and PostgreSQL; the data stay in data/.");
    }
}
