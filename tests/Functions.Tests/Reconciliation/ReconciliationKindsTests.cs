using Bibind.Activities.Routing;
using Bibind.Activities.Storage;
using Bibind.Activities.Suspensions;
using Bibind.ControlPlane.Reconciliation;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Xunit;

namespace Bibind.Functions.Tests.Reconciliation;

/// <summary>Every way in which a tenant can differ: seen at the second look, repaired where that is safe, left alone where it is not.</summary>
public sealed class ReconciliationKindsTests(PostgresServer postgres, ReconciliationHost fixture) : ReconciliationWorld(postgres, fixture), IClassFixture<ReconciliationHost>
{
    private const string Code = "differs";

    public static TheoryData<string> Kinds => [.. FindingKinds.Names];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_difference_counts_at_the_second_look_and_is_repaired_only_where_that_is_safe(string kind)
    {
        await AddAsync("neighbour");
        await SpoilAsync(kind);
        var others = Outside.Routes.Count;

        await NextHourAsync();
        Assert.Empty(await FindingsAsync("state=open"));
        await SoonAsync();

        var finding = Assert.Single(await FindingsAsync($"kind={kind}"));
        Assert.Equal((Code, "open"), (finding.GetProperty("tenant").GetString(), finding.GetProperty("state").GetString()));
        Assert.NotEmpty(finding.GetProperty("seen").GetString()!);
        Assert.NotEmpty(finding.GetProperty("remedy").GetString()!);
        Assert.DoesNotContain("{code}", finding.GetProperty("remedy").GetString(), StringComparison.Ordinal);
        await SoonAsync();
        await SoonAsync();
        var isRepaired = FindingKinds.Of(kind).IsRepaired;
        Assert.Equal(isRepaired ? string.Empty : $"{Code}:{kind}", await OpenAsync());
        Assert.Equal(isRepaired || kind == FindingKinds.BackupMissing ? 0 : 1, await NoticesAsync());
        var after = Assert.Single(await FindingsAsync($"kind={kind}&tenant={Code}"));
        Assert.Equal(isRepaired ? 1 : 0, after.GetProperty("repairAttempts").GetInt32());
        Assert.True(await IsAsItShouldBeAsync(kind));
        Assert.Equal(others, Outside.Routes.Count - (kind == FindingKinds.RouteMissing ? 1 : 0));
    }

    [Fact]
    public async Task What_is_gone_is_closed_and_its_notice_too()
    {
        await AddAsync(Code);
        await SpoilAgainAsync();
        await LookAsync();
        Assert.Equal($"{Code}:bucket-missing", await OpenAsync());

        var place = await PlaceAsync(await IdAsync(Code));
        await Service<IObjectStore>().CreateBucketAsync(place.Bucket, Token);
        await NextHourAsync();

        Assert.Empty(await OpenAsync());
        Assert.Equal("closed", Assert.Single(await FindingsAsync("state=closed")).GetProperty("state").GetString());
        Assert.Equal((0, 1), (await NoticesAsync(), await NoticesAsync(open: false)));
        await SpoilAgainAsync();
        await LookAsync();
        Assert.Equal((1, 1), (await NoticesAsync(), await NoticesAsync(open: false)));
    }

    private async Task SpoilAgainAsync()
    {
        var place = await PlaceAsync(await IdAsync(Code));
        await Service<IObjectStore>().DeleteBucketAsync(place.Bucket, Token);
    }

    private async Task SpoilAsync(string kind)
    {
        var host = HostOf(Code);
        if (kind.StartsWith("suspended-", StringComparison.Ordinal))
        {
            await AddSuspendedAsync(Code);
        }
        else
        {
            await AddAsync(Code);
        }

        switch (kind)
        {
            case FindingKinds.SuspendedServed:
                Outside.Routes[host] = RouteInfo.Open;
                break;
            case FindingKinds.SuspendedDatabaseOpen:
                await Postgres.RunAsync($"alter database {Code} allow_connections true");
                break;
            case FindingKinds.SuspendedDatabaseInUse:
                await Postgres.RunAsync($"alter database {Code} allow_connections true");
                await Postgres.RunAsync($"grant connect on database {Code} to {LocalServer.ApplicationRole}");
                await HoldSessionAsync(Code);
                await Postgres.RunAsync($"alter database {Code} allow_connections false");
                break;
            case FindingKinds.ActivePageShown:
                Outside.Routes[host] = RouteInfo.Page;
                break;
            case FindingKinds.DatabaseMissing:
                Drops("elsewhere");
                await Postgres.RunAsync($"alter database {Code} rename to elsewhere");
                break;
            case FindingKinds.DatabaseForeign:
                await Postgres.RunAsync($"drop database {Code}");
                await CreateDatabaseAsync(Code);
                break;
            case FindingKinds.DatabaseOwner:
                await Postgres.RunAsync($"alter database {Code} owner to nobody_much");
                break;
            case FindingKinds.DatabaseShut:
                await Postgres.RunAsync($"alter database {Code} allow_connections false");
                break;
            case FindingKinds.RouteMissing:
                Outside.Routes.TryRemove(host, out _);
                break;
            case FindingKinds.RouteForeign:
                Outside.Routes[host] = RouteInfo.Foreign;
                break;
            case FindingKinds.DnsMissing:
                Outside.Records.TryRemove(host, out _);
                break;
            case FindingKinds.CertificateMissing:
                Outside.Certificates[host] = DateTimeOffset.UtcNow.AddDays(-1);
                break;
            case FindingKinds.BucketMissing:
                await SpoilAgainAsync();
                break;
            case FindingKinds.BucketForeign:
                using (var mark = new MemoryStream("bibind tenant=999999"u8.ToArray()))
                {
                    await Service<IObjectStore>().PutAsync((await PlaceAsync(await IdAsync(Code))).Bucket, ".bibind", mark, Token);
                }

                break;
            case FindingKinds.BackupMissing:
                await Host.ExecuteAsync($"insert into control.missing_backups (tenant_id, expected_by, since, reason) select id, now(), now(), 'Its job failed.' from control.tenants where code = '{Code}' and state = 'active'");
                break;
            case FindingKinds.CancelledRunning:
                await SubscribeAsync("cancelled", null);
                break;
            case FindingKinds.UnpaidOpen:
                await SubscribeAsync("suspended", "payment");
                break;
            case FindingKinds.PaidSuspended:
                await SuspendRowsAsync(Code, "payment");
                await Service<SuspendedDatabases>().ShutAsync(await PlaceAsync(await IdAsync(Code)), Token);
                Outside.Routes[host] = RouteInfo.Page;
                break;
            default:
                await EndAllButAsync(kind);
                break;
        }
    }

    private Task SubscribeAsync(string state, string? suspension) => Host.ExecuteAsync(
        $"update control.subscriptions set state = '{state}', suspension = {(suspension is null ? "null" : $"'{suspension}'")} where tenant_id = (select id from control.tenants where code = '{Code}' and state = 'active')");

    // A tenant that has ended, of which one thing was left.
    private async Task EndAllButAsync(string kind)
    {
        var place = await PlaceAsync(await IdAsync(Code));
        await Host.ExecuteAsync($"update control.tenants set state = 'terminated', ended_at = now() where code = '{Code}' and state = 'active'");
        if (kind != FindingKinds.EndedDatabase)
        {
            await Postgres.RunAsync($"drop database {Code}");
        }

        if (kind != FindingKinds.EndedRoute)
        {
            Outside.Routes.TryRemove(place.Host, out _);
        }

        if (kind != FindingKinds.EndedDns)
        {
            Outside.Records.TryRemove(place.Host, out _);
        }

        if (kind != FindingKinds.EndedBucket)
        {
            await Service<IObjectStore>().DeleteBucketAsync(place.Bucket, Token);
        }
    }

    // Repaired where that is safe; everything else just as it was found.
    private async Task<bool> IsAsItShouldBeAsync(string kind)
    {
        var host = HostOf(Code);
        return kind switch
        {
            FindingKinds.SuspendedServed => (Outside.Routes[host], Outside.Pages[host]) == (RouteInfo.Page, RoutePage.Suspended),
            FindingKinds.SuspendedDatabaseOpen or FindingKinds.SuspendedDatabaseInUse => await DatabaseIsAsync(allows: false, LocalServer.MaintenanceRole) && await CountSessionsAsync(Code) == 0,
            FindingKinds.ActivePageShown or FindingKinds.RouteMissing => Outside.Routes[host] == RouteInfo.Open,
            FindingKinds.DnsMissing => Outside.Records.ContainsKey(host),
            FindingKinds.DatabaseMissing => await OidOrNoneAsync(Code) == 0,
            FindingKinds.DatabaseOwner => await DatabaseIsAsync(allows: true, "nobody_much"),
            FindingKinds.DatabaseShut => await DatabaseIsAsync(allows: false, LocalServer.ApplicationRole),
            FindingKinds.RouteForeign => Outside.Routes[host] == RouteInfo.Foreign,
            FindingKinds.CancelledRunning or FindingKinds.UnpaidOpen => await Host.ScalarAsync<string>($"select state from control.tenants where code = '{Code}' order by id desc limit 1") == "active",
            FindingKinds.EndedDatabase => await OidOrNoneAsync(Code) != 0,
            FindingKinds.EndedRoute => Outside.Routes[host] == RouteInfo.Open,
            _ => true,
        };
    }

    private Task<bool> DatabaseIsAsync(bool allows, string owner) =>
        ServerAsync<bool>($"select datallowconn = {(allows ? "true" : "false")} and pg_get_userbyid(datdba) = '{owner}' from pg_database where datname = '{Code}'");

    private Task<long> OidOrNoneAsync(string database) => ServerAsync<long>($"select coalesce((select oid::bigint from pg_database where datname = '{database}'), 0)");
}
