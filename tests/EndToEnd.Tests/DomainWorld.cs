using System.Net;
using System.Text.Json.Nodes;
using Bibind.Durable.Worker;
using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>A working tenant, and a customer's zone that our provider does not keep; names in it are proved by HTTP-01 through the proxy.</summary>
internal sealed class DomainWorld : IAsyncDisposable
{
    private readonly PebbleServer _authority;
    private InProcessHost? _host;

    private DomainWorld(EveryEffectWorld servers, PebbleServer authority, InProcessHost host, string zone)
    {
        (Servers, _authority, _host, Zone) = (servers, authority, host, zone);
        Name = $"shop.{zone}";
    }

    public EveryEffectWorld Servers { get; }

    /// <summary>Of the host that runs.</summary>
    public Api Api => _host!.Api;

    public string Code => Servers.Installation.Code;

    /// <summary>The customer's own.</summary>
    public string Zone { get; }

    /// <summary>The host name that the customer wants.</summary>
    public string Name { get; }

    public static async Task<DomainWorld> StartAsync(IWorkerInterceptor? interceptor = null, Action<Dictionary<string, string>>? configure = null)
    {
        var servers = await EveryEffectWorld.StartAsync();
        var authority = await PebbleServer.StartAsync(new PebbleOptions { Dns = servers.Dns.Dns });
        servers.UseAuthority(authority);
        configure?.Invoke(servers.Installation.Settings);
        var host = await InProcessHost.StartAsync(servers.Installation, interceptor);
        var world = new DomainWorld(servers, authority, host, await servers.Dns.NewZoneAsync());
        await servers.ServeChallengesAsync(host.Address);
        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(world.Code), seconds: 120);
        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        return world;
    }

    /// <summary>Stops the host.</summary>
    public async Task StopAsync()
    {
        await _host!.DisposeAsync();
        _host = null;
    }

    /// <summary>Starts another host in the place of the one that was stopped.</summary>
    public async Task StartAgainAsync()
    {
        // The authority is led to it before it starts: it goes on at once with what the one before had begun.
        var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        await Servers.ServeChallengesAsync(address);
        _host = await InProcessHost.StartAsync(Servers.Installation, address: address);
    }

    /// <summary>Does as the instructions say.</summary>
    public async Task FollowAsync(JsonNode instructions)
    {
        var (proof, alias) = (instructions["proof"]!, instructions["alias"]!);
        await Servers.Dns.SetAsync(Zone, alias["name"]!.GetValue<string>(), alias["type"]!.GetValue<string>(), [$"{alias["value"]!.GetValue<string>()}."]);
        await Servers.Dns.SetAsync(Zone, proof["name"]!.GetValue<string>(), proof["type"]!.GetValue<string>(), [$"\"{proof["value"]!.GetValue<string>()}\""]);
    }

    /// <summary>Orders the domain with its records set, and waits for its job.</summary>
    public async Task<JsonObject> AddAsync() => await Api.EndOfAsync(await BeginAddingAsync(), seconds: 120);

    /// <summary>Orders the domain with its records set; answers the job's address.</summary>
    public async Task<string> BeginAddingAsync()
    {
        var (job, body) = await Api.AddDomainAsync(Code, Name);
        await Api.DomainAsync(Code, d => d["checkedAt"] is not null);
        await FollowAsync(body["instructions"]!);
        await Api.ValidateDomainAsync(Code, Name);
        return job;
    }

    /// <summary>The address that the application has for its links.</summary>
    public async Task<string> AddressInApplicationAsync()
    {
        await using var tenant = Servers.Installation.OpenTenant(Code);
        await using var command = tenant.CreateCommand("select value from ir_config_parameter where key = 'web.base.url'");
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Nothing of the customer's name is left on any server, and the tenant answers at the platform's.</summary>
    public async Task AssertNameIsGoneAsync()
    {
        Assert.False(await Servers.IsKnownToProxyAsync(Name));
        Assert.Equal(0, await Servers.Installation.CountAsync("select count(*) from control.secrets where name like '%/' || $1 || '%'", Name));
        Assert.Equal(0, await Servers.Installation.CountAsync("select count(*) from control.certificates where host = $1", Name));
        Assert.Equal($"https://{Servers.HostOf(Code)}", await AddressInApplicationAsync());
        Assert.Equal($"https://{Servers.HostOf(Code)}", (await Api.GetAsync($"/api/tenants/{Code}"))["baseUrl"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, (await Servers.GetAsync(Code)).Status);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        await Servers.DisposeAsync();
        await _authority.DisposeAsync();
    }
}
