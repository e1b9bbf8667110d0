using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Bibind.Activities.Database;
using Bibind.Activities.Inventory;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Recovery;

/// <summary>Something that is in the world and not in the control database, or the other way round.</summary>
/// <param name="Tenant">The tenant's code; of one that is not known, as its mark says.</param>
/// <param name="Kind">A kind of <see cref="InventoryItem"/>, or <c>server</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Words">What is different.</param>
public sealed record WorldDifference(string Tenant, string Kind, string Name, string Words);

/// <summary>
/// Compares the control database with the world, as after a restore to an older state: what an active tenant should have and lacks, and databases
/// that carry a mark of ours and belong to no tenant that is known. It changes nothing.
/// </summary>
public sealed partial class WorldDifferences(
    NpgsqlDataSource database, ServerStore servers, TenantStore tenants, PostgresConnector postgres, TakeInventory inventory, IOptions<PlatformOptions> platform)
{
    private const int AtOnce = 8;
    private const string JobId = "differences";

    // Marks are for people, and anybody who owns a database may write one: what they name is looked for, never touched.
    private const string MarkedSql =
        "select oid, datname, shobj_description(oid, 'pg_database') from pg_database where shobj_description(oid, 'pg_database') like 'bibind tenant=%' order by datname";

    private static readonly string[] NeededKinds = ["database", "dns-record", "certificate", "route", "bucket", "file-store"];

    /// <summary>Looks at every server and every active tenant.</summary>
    public async IAsyncEnumerable<WorldDifference> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reference = new Dictionary<string, int>(StringComparer.Ordinal);
        var lacks = new List<(string Tenant, InventoryItem Item)>();
        foreach (var chunk in (await ActiveTenantsAsync(cancellationToken)).Chunk(AtOnce))
        {
            foreach (var (place, found) in await Task.WhenAll(chunk.Select(id => LookAsync(id, cancellationToken))))
            {
                // Names that a database bears only while it is made or replaced may be absent.
                foreach (var item in found.Items.Where(i => NeededKinds.Contains(i.Kind) && (i.Kind != "database" || i.Name == place.Database)))
                {
                    if (item.State == InventoryItem.Absent)
                    {
                        lacks.Add((place.Code, item));
                    }
                    else if (item.State == InventoryItem.Unknown)
                    {
                        yield return new WorldDifference(place.Code, item.Kind, item.Name, $"could not be asked: {item.Detail}");
                    }
                    else
                    {
                        reference[item.Kind] = reference.GetValueOrDefault(item.Kind) + 1;
                    }
                }
            }
        }

        // What nobody has is not made by this installation: a wildcard certificate, a provider that is off.
        foreach (var (tenant, item) in lacks.Where(l => l.Item.Kind == "database" || reference.ContainsKey(l.Item.Kind)))
        {
            yield return new WorldDifference(tenant, item.Kind, item.Name, "the tenant is active and has none");
        }

        foreach (var server in await servers.ListAsync(cancellationToken))
        {
            foreach (var difference in await FindUnknownAsync(server, cancellationToken))
            {
                yield return difference;
            }
        }
    }

    private async Task<List<long>> ActiveTenantsAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<long>(new CommandDefinition(
            "select id from control.tenants where state = 'active' order by id", cancellationToken: cancellationToken))).AsList();
    }

    private async Task<(TenantDescriptor Place, Contracts.Inventory Found)> LookAsync(long tenantId, CancellationToken cancellationToken)
    {
        var place = await tenants.GetPlaceAsync(tenantId, JobId, cancellationToken);
        return (place, await inventory.LookAsync(new InventoryRequest(place, KeepBackups: true), cancellationToken));
    }

    private async Task<List<WorldDifference>> FindUnknownAsync(Server server, CancellationToken cancellationToken)
    {
        var differences = new List<WorldDifference>();
        try
        {
            await using var session = await postgres.OpenMaintenanceAsync(server.Id, "bibind differences", cancellationToken);
            var marked = await session.TranslateErrorsAsync(MaintenanceSession.Database, () => session.QueryAsync(
                MarkedSql, r => (Oid: r.GetFieldValue<uint>(0), Name: r.GetString(1), Mark: r.GetString(2)), cancellationToken));
            foreach (var (oid, name, mark) in marked)
            {
                if (await session.Register.FindAsync(server.Id, oid, cancellationToken) is null && Mark().Match(mark) is { Success: true } parts)
                {
                    differences.AddRange(await DescribeUnknownAsync(server, name, long.Parse(parts.Groups[1].ValueSpan, provider: null), parts.Groups[2].Value, cancellationToken));
                }
            }
        }
        catch (ActivityFailureException away)
        {
            differences.Add(new WorldDifference(string.Empty, "server", server.Code, $"could not be asked: {away.Message}"));
        }

        return differences;
    }

    private async Task<List<WorldDifference>> DescribeUnknownAsync(Server server, string name, long tenantId, string code, CancellationToken cancellationToken)
    {
        var what = $"on server '{server.Code}', marked as of tenant {tenantId}, which is not known here";
        var differences = new List<WorldDifference> { new(code, "database", name, what) };
        var options = platform.Value;
        var host = $"{code}.{options.Domain}";
        var place = new TenantDescriptor
        {
            TenantId = tenantId,
            JobId = JobId,
            Code = code,
            Name = code,
            Offer = string.Empty,
            Plan = string.Empty,
            ServerId = server.Id,
            ServerCode = server.Code,
            Database = name,
            TemplateCode = string.Empty,
            TemplateDatabase = string.Empty,
            Host = host,
            BaseUrl = $"{options.Scheme}://{host}",
            Bucket = $"{options.BucketPrefix}{code}-{tenantId}",
        };
        var found = await inventory.LookAsync(new InventoryRequest(place, KeepBackups: true), cancellationToken);
        differences.AddRange(found.Items
            .Where(i => i.Kind is not ("database" or "role" or "secret") && i.State is InventoryItem.Present or InventoryItem.Kept)
            .Select(i => new WorldDifference(code, i.Kind, i.Name, "is there, of that tenant")));
        return differences;
    }

    [GeneratedRegex(@"\Abibind tenant=([0-9]{1,18}) code=([a-z][a-z0-9-]{1,30})\z")]
    private static partial Regex Mark();
}
