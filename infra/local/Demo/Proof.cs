using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bibind.Activities.Dns.Query;
using Bibind.Local.RealServers;
using DnsClient;

namespace Bibind.Local.Demo;

/// <summary>Asks every server itself what it has of a tenant; the control plane's word is not taken for it.</summary>
internal sealed partial class Proof(FullServers servers, SettingsFile settings, TextWriter output)
{
    private const int Megabyte = 1_000_000;

    /// <summary>Shows the name, the certificate, the page, the bucket and the backup of a tenant that is active.</summary>
    /// <exception cref="LocalServerException">One of them is not there; says which.</exception>
    public async Task ShowAsync(JobView job, CancellationToken cancellationToken)
    {
        var host = job.Result?.Host ?? throw new LocalServerException($"The job {job.Id} names no host.");
        var addresses = await AskDnsAsync(host, cancellationToken);
        Line("DNS", addresses.Count > 0 ? $"{host} is {string.Join(", ", addresses)}, says PowerDNS on {servers.Dns.Dns}" : throw Missing($"an address of {host}", "PowerDNS"));

        var (page, issuer) = await VisitAsync(host, cancellationToken);
        Line("Certificate", issuer);
        Line("Page", page);

        var buckets = await servers.S3.ListBucketsAsync(cancellationToken);
        var bucket = buckets.FirstOrDefault(b => IsOf(job, b)) ?? throw Missing($"a bucket of {job.Tenant}", "Ceph");
        Line("Bucket", bucket.Quota is { } quota ? $"{bucket.Name}, of {quota / Megabyte:n0} MB at most" : bucket.Name);
        if (job.Result.BackupKey is { } key)
        {
            var backup = key[..(key.LastIndexOf('/') + 1)];
            var objects = (await servers.S3.ListObjectsAsync(BackupBucket, cancellationToken)).Where(o => o.Name.StartsWith(backup, StringComparison.Ordinal)).ToList();
            Line("Backup", objects.Count > 0
                ? string.Join(", ", objects.Select(o => $"{o.Name} ({o.Size:n0} bytes)")) + $" in {BackupBucket}"
                : throw Missing($"the backup {backup}", "Ceph"));
        }
    }

    /// <summary>Shows that a tenant that was removed is nowhere any more; true if so.</summary>
    public async Task<bool> ShowGoneAsync(JobView removal, string host, CancellationToken cancellationToken)
    {
        foreach (var item in removal.Inventory?.Items ?? [])
        {
            Line(item.Kind, $"{item.Name}: {item.State}{(item.Detail is null ? "" : $", {item.Detail}")}");
        }

        var zone = JsonNode.Parse(await servers.Dns.ReadZoneAsync(FullServers.Zone, cancellationToken))!["rrsets"]!.AsArray();
        var records = zone.Count(r => r!["type"]!.GetValue<string>() is not ("SOA" or "NS"));
        var buckets = (await servers.S3.ListBucketsAsync(cancellationToken)).Count(b => b.Name != BackupBucket);
        var backups = (await servers.S3.ListObjectsAsync(BackupBucket, cancellationToken)).Count;
        var routed = (await servers.Proxy.ReadConfigurationAsync(cancellationToken)).Contains(host, StringComparison.Ordinal);
        Line("The servers", string.Create(
            CultureInfo.InvariantCulture,
            $"PowerDNS has {records} records in {FullServers.Zone}, Ceph {buckets} buckets and {backups} objects of backups, Caddy {(routed ? "a" : "no")} route to {host}"));
        return removal.Inventory is { Items.Count: > 0 } inventory && inventory.Items.All(i => i.IsGone) && records + buckets + backups == 0 && !routed;
    }

    private string BackupBucket => settings.Find("Backups__Bucket") ?? "bibind-backups";

    private static bool IsOf(JobView job, S3Bucket bucket) => bucket.Name.Contains($"-{job.Tenant}-", StringComparison.Ordinal);

    private async Task<IReadOnlyList<string>> AskDnsAsync(string host, CancellationToken cancellationToken)
    {
        var answer = await DnsQueryClient.AskAsync(servers.Dns.Dns, host, QueryType.A, cancellationToken);
        return answer.Header.HasAuthorityAnswer ? [.. answer.Answers.ARecords().Select(r => r.Value())] : [];
    }

    private async Task<(string Page, string Certificate)> VisitAsync(string host, CancellationToken cancellationToken)
    {
        using var root = await servers.Authority.GetRootAsync(cancellationToken);
        using var visitor = Visitor.Of(servers.Proxy.Https, root);
        var seen = "";
        using var client = new HttpClient(visitor);
        visitor.SslOptions.RemoteCertificateValidationCallback = (_, presented, chain, errors) =>
        {
            var last = chain?.ChainElements.LastOrDefault()?.Certificate;
            seen = $"{presented?.Subject} by {presented?.Issuer}, leads to the root {last?.Subject}";
            return errors == System.Net.Security.SslPolicyErrors.None && last?.Thumbprint == root.Thumbprint;
        };
        try
        {
            var address = new Uri($"https://{host}{(servers.Odoo is null ? "/" : "/web/login")}");
            using var answer = await client.GetAsync(address, cancellationToken);
            var body = await answer.Content.ReadAsStringAsync(cancellationToken);
            return answer.StatusCode == HttpStatusCode.OK
                ? ($"{address} answers 200 through Caddy: {(servers.Odoo is null ? body : TitleOf(body))}", seen)
                : throw new LocalServerException($"{address} answers {(int)answer.StatusCode}: {body}");
        }
        catch (HttpRequestException failed)
        {
            throw new LocalServerException($"https://{host}/ cannot be opened through Caddy on {servers.Proxy.Https.Authority}: {failed.Message} {seen}", failed);
        }
    }

    private static string TitleOf(string page) =>
        Title().Match(page) is { Success: true } title ? $"a page with the title '{title.Groups[1].Value.Trim()}'" : "a page without a title";

    [GeneratedRegex("<title>([^<]*)</title>")]
    private static partial Regex Title();

    private void Line(string what, string value) => output.WriteLine($"{what,-12} {value}");

    private static LocalServerException Missing(string what, string where) => new($"{where} has not {what}, though the job succeeded.");
}
