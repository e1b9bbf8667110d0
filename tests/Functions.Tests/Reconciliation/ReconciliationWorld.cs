using System.Globalization;
using System.Net;
using System.Text.Json;
using Bibind.Activities.Certificates;
using Bibind.Activities.Dns;
using Bibind.Activities.Reconciliation;
using Bibind.Activities.Routing;
using Bibind.Activities.Storage;
using Bibind.Activities.Suspensions;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Local;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Reconciliation;

/// <summary>Tenants with real databases and buckets, behind a proxy, a zone and certificates that the test changes.</summary>
public abstract class ReconciliationWorld(PostgresServer postgres, ReconciliationHost fixture) : IAsyncDisposable
{
    private readonly List<string> _databases = [];
    private readonly List<NpgsqlConnection> _sessions = [];
    private DateTimeOffset _moment = DateTimeOffset.UtcNow;

    protected ApiHost Host => fixture.Host;

    protected WatchedInfrastructure Outside => fixture.Outside;

    protected PostgresServer Postgres => postgres;

    protected DateTimeOffset Moment => _moment;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        (Outside.IsAway, Outside.Refusal, Outside.Meanwhile) = (false, null, null);
        Outside.Routes.Clear();
        Outside.Records.Clear();
        Outside.Certificates.Clear();
        foreach (var session in _sessions)
        {
            await session.DisposeAsync();
        }

        await Host.ExecuteAsync(
            """
            delete from control.reconciliation_findings;
            delete from control.reconciliation_tenants;
            delete from control.reconciliation_servers;
            delete from control.notices;
            delete from control.tenant_suspensions;
            update control.tenants set state = 'terminated', ended_at = now() - interval '1 year' where state <> 'terminated' or ended_at > now() - interval '1 year';
            """);
        foreach (var database in _databases)
        {
            await postgres.RunAsync($"drop database if exists \"{database}\" with (force)");
        }
    }

    protected static string HostOf(string code) => $"{code}.example.test";

    /// <summary>A tenant that is as it is to be.</summary>
    protected async Task<long> AddAsync(string code)
    {
        await Host.OrderTenantAsync(code);
        await EndJobsAsync(code);
        await Host.ExecuteAsync($"update control.tenants set state = 'active', activated_at = now() where code = '{code}' and state = 'provisioning'");
        var id = await IdAsync(code);
        await CreateDatabaseAsync(code);
        await Host.ExecuteAsync(
            $"""
            insert into control.databases (server_id, oid, name, tenant_id, purpose, recorded_at)
            select t.server_id, {await OidAsync(code)}, t.database, t.id, 'current', now() from control.tenants t where t.id = {id}
            """);
        var place = await PlaceAsync(id);
        await Service<IObjectStore>().DeleteBucketAsync(place.Bucket, Token);
        await Service<IObjectStore>().CreateBucketAsync(place.Bucket, Token);
        await Service<TenantBucket>().MarkAsync(place, Token);
        Outside.Routes[place.Host] = RouteInfo.Open;
        Outside.Records[place.Host] = true;
        Outside.Certificates[place.Host] = DateTimeOffset.UtcNow.AddDays(60);
        return id;
    }

    /// <summary>A tenant that is suspended as it is to be.</summary>
    protected async Task<long> AddSuspendedAsync(string code, string cause = "operator")
    {
        var id = await AddAsync(code);
        await SuspendRowsAsync(code, cause);
        await Service<SuspendedDatabases>().ShutAsync(await PlaceAsync(id), Token);
        Outside.Routes[HostOf(code)] = RouteInfo.Page;
        return id;
    }

    protected Task SuspendRowsAsync(string code, string cause) => Host.ExecuteAsync(
        $"""
        insert into control.tenant_suspensions (tenant_id, cause, reason, requested_by, job_id, ordered_at, suspended_at)
        select id, '{cause}', 'a reason', 'test', 'none', now(), now() from control.tenants where code = '{code}' and state = 'active';
        update control.tenants set state = 'suspended' where code = '{code}' and state = 'active';
        """);

    protected Task EndJobsAsync(string code) =>
        Host.ExecuteAsync($"update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}' and finished_at is null");

    protected Task BeginJobAsync(string code, string id, bool changing = true) => Host.ExecuteAsync(
        $"""
        insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at)
        select '{id}', 'backup', id, code, code, 'test', {changing.ToString(CultureInfo.InvariantCulture)}, now() from control.tenants where code = '{code}'
        """);

    protected async Task CreateDatabaseAsync(string name)
    {
        _databases.Add(name);
        await postgres.RunAsync($"create database \"{name}\" owner {LocalServer.ApplicationRole}");
    }

    protected void Drops(string database) => _databases.Add(database);

    protected Task<long> OidAsync(string database) => ServerAsync<long>($"select oid::bigint from pg_database where datname = '{database}'");

    /// <summary>Enters a database, and stays there until the test ends.</summary>
    protected async Task<NpgsqlConnection> HoldSessionAsync(string database, bool asSuperuser = false)
    {
        var connection = new NpgsqlConnection(postgres.Postgres.ConnectionString(database, asSuperuser ? null : LocalServer.ApplicationRole) + ";Pooling=false");
        _sessions.Add(connection);
        await connection.OpenAsync(Token);
        return connection;
    }

    protected Task<long> CountSessionsAsync(string database) => ServerAsync<long>($"select count(*) from pg_stat_activity where datname = '{database}'");

    protected Task<T> ServerAsync<T>(string sql) => InAsync<T>("postgres", sql);

    /// <summary>Asks a database as a superuser.</summary>
    protected async Task<T> InAsync<T>(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.Postgres.ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }

    protected Task<long> IdAsync(string code) => Host.ScalarAsync<long>($"select id from control.tenants where code = '{code}' order by id desc limit 1");

    protected async Task<Contracts.TenantDescriptor> PlaceAsync(long id) => (await Service<TenantStore>().GetAsync(id, Token))!.ToPlace("test");

    protected T Service<T>()
        where T : notnull => Host.Services.GetRequiredService<T>();

    /// <summary>An hour later, when every tenant has its turn.</summary>
    protected Task<int> NextHourAsync() => TickAsync(_moment += TimeSpan.FromHours(1));

    /// <summary>When those have their second look that need one.</summary>
    protected Task<int> SoonAsync() => TickAsync(_moment += TimeSpan.FromMinutes(1));

    protected async Task<int> TickAsync(DateTimeOffset moment)
    {
        var round = Service<ReconciliationRound>();
        await round.RunAsync(moment - TimeSpan.FromHours(2), Token);
        return await round.RunAsync(moment, Token);
    }

    /// <summary>Both looks, and the one that sees what a repair came to.</summary>
    protected async Task LookAsync()
    {
        await NextHourAsync();
        await SoonAsync();
        await SoonAsync();
    }

    protected async Task<List<JsonElement>> FindingsAsync(string query = "state=open")
    {
        using var answer = await Host.GetAsync($"/api/reconciliation?{query}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return [.. (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()];
    }

    protected async Task<string> OpenAsync() => string.Join(
        ' ', (await FindingsAsync()).Select(f => $"{f.GetProperty("tenant").GetString()}:{f.GetProperty("kind").GetString()}").Order(StringComparer.Ordinal));

    protected Task<long> NoticesAsync(string kind = "drift-found", bool open = true) =>
        Host.ScalarAsync<long>($"select count(*) from control.notices where kind = '{kind}' and (closed_at is null) = {open.ToString(CultureInfo.InvariantCulture)}");

    protected Task TimerAsync(DateTimeOffset moment) =>
        ActivatorUtilities.CreateInstance<Reconcile>(Host.Services).RunAsync(new TimerTick("reconcile", moment), Token);
}

/// <summary>A host whose proxy, zone and certificates are the test's.</summary>
public sealed class ReconciliationHost : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("reconciliation").FullName;

    public ReconciliationHost(PostgresServer postgres)
        : this(postgres, repairsPerHour: 1000)
    {
    }

    internal ReconciliationHost(PostgresServer postgres, int repairsPerHour) => Host = new ApiHost(postgres)
    {
        More =
        [
            "--Reconciliation:Limit=00:00:05", $"--Reconciliation:RepairsPerHour={repairsPerHour}", "--Certificates:Provider=local", "--Backups:Nightly=true",
            $"--Storage:Local:Folder={_folder}",
        ],
        Configure = services => services.AddSingleton<IRouteProvider>(Outside).AddSingleton<IDnsProvider>(Outside).AddSingleton<IHostReadiness>(Outside)
            .AddSingleton<ITenantCertificates>(Outside),
    };

    public WatchedInfrastructure Outside { get; } = new();

    public ApiHost Host { get; }

    public ValueTask InitializeAsync() => Host.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
