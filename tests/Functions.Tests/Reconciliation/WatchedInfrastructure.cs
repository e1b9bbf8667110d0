using System.Collections.Concurrent;
using Bibind.Activities;
using Bibind.Activities.Certificates;
using Bibind.Activities.Dns;
using Bibind.Activities.Routing;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Functions.Tests.Reconciliation;

/// <summary>A proxy, a DNS zone and certificates in memory, which a test changes behind the back of the control plane.</summary>
public sealed class WatchedInfrastructure : IRouteProvider, IDnsProvider, IHostReadiness, ITenantCertificates
{
    private int _asked;

    /// <summary>What the proxy does, by host name.</summary>
    public ConcurrentDictionary<string, RouteInfo> Routes { get; } = [];

    /// <summary>Which page it shows.</summary>
    public ConcurrentDictionary<string, RoutePage> Pages { get; } = [];

    /// <summary>Host names with a record of ours.</summary>
    public ConcurrentDictionary<string, bool> Records { get; } = [];

    /// <summary>When certificates end, by host name.</summary>
    public ConcurrentDictionary<string, DateTimeOffset> Certificates { get; } = [];

    /// <summary>How often the proxy was asked or told.</summary>
    public int Asked => _asked;

    /// <summary>Begins to count anew.</summary>
    public void Forget() => _asked = 0;

    /// <summary>The proxy does not answer.</summary>
    public bool IsAway { get; set; }

    /// <summary>Why the proxy takes nothing; null if it does.</summary>
    public string? Refusal { get; set; }

    /// <summary>Done while the proxy is being asked.</summary>
    public Func<Task>? Meanwhile { get; set; }

    public Task PublishAsync(TenantDescriptor place, CancellationToken cancellationToken) => PutAsync(place, RouteInfo.Open);

    public Task SuspendAsync(TenantDescriptor place, RoutePage page, CancellationToken cancellationToken)
    {
        Pages[place.Host] = page;
        return PutAsync(place, RouteInfo.Page);
    }

    public Task WithdrawAsync(TenantDescriptor place, CancellationToken cancellationToken) => throw new InvalidOperationException("Nothing is deleted by itself.");

    Task<bool> IRouteProvider.ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(Routes.ContainsKey(place.Host));

    public async Task<RouteInfo> LookAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        if (IsAway)
        {
            throw new TransientFailureException("The proxy cannot be reached now.");
        }

        if (Meanwhile is { } meanwhile)
        {
            await meanwhile();
        }

        return Routes.GetValueOrDefault(place.Host, RouteInfo.Absent);
    }

    public Task CreateAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        Records[place.Host] = true;
        return Task.CompletedTask;
    }

    public Task DeleteAsync(TenantDescriptor place, CancellationToken cancellationToken) => throw new InvalidOperationException("Nothing is deleted by itself.");

    Task<bool> IDnsProvider.ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) => Task.FromResult(Records.ContainsKey(place.Host));

    public bool IsInZone(string host) => host.EndsWith(".example.test", StringComparison.Ordinal);

    public Task WaitUntilPointsAsync(string host, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<TenantCertificate?> FindAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        Task.FromResult(Certificates.TryGetValue(place.Host, out var until) ? new TenantCertificate("chain", "key", until) : null);

    private Task PutAsync(TenantDescriptor place, RouteInfo info)
    {
        if (Refusal is { } refusal)
        {
            throw new PermanentFailureException(refusal);
        }

        Interlocked.Increment(ref _asked);
        Routes[place.Host] = info;
        return Task.CompletedTask;
    }
}
