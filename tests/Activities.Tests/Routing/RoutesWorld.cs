using System.Collections.Concurrent;
using Bibind.Activities.Certificates;
using Bibind.Activities.Registration;
using Bibind.Activities.Routing;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.Local.RealServers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tests.Routing;

/// <summary>Routes at a real proxy, an application behind them and people in front.</summary>
internal sealed class RoutesWorld : IAsyncDisposable, ITenantCertificates
{
    private readonly List<ServiceProvider> _hosts = [];
    private readonly IAsyncDisposable _proxy;
    private readonly Dictionary<string, string?> _settings;

    private RoutesWorld(IAsyncDisposable proxy, Uri http, Uri https, Dictionary<string, string?> settings, ApplicationStub application)
    {
        (_proxy, Http, Https, _settings, Application) = (proxy, http, https, settings, application);
        Server = new OneServer(new ServerConnection
        {
            ServerId = 1,
            Code = "srv-1",
            Url = application.Url,
            DatabaseHost = "127.0.0.1",
            DatabasePort = 5432,
            DatabaseUser = "bibind",
            DatabasePassword = "unused",
            ApplicationRole = "odoo",
        });
        Routes = NewHost();
    }

    public TestAuthority Authority { get; } = new();

    public ApplicationStub Application { get; }

    public OneServer Server { get; }

    public RecordedLogs Logs { get; } = new();

    public MemorySecrets Secrets { get; } = new();

    public ConcurrentDictionary<string, TenantCertificate> Certificates { get; } = new(StringComparer.Ordinal);

    public IRouteProvider Routes { get; }

    public Uri Http { get; }

    private Uri Https { get; }

    public static async Task<RoutesWorld> StartAsync(IAsyncDisposable proxy, Uri http, Uri https, params (string Key, string? Value)[] settings) =>
        new(proxy, http, https, settings.ToDictionary(s => s.Key, s => s.Value), await ApplicationStub.StartAsync());

    /// <summary>A provider as another process of ours would have it.</summary>
    public IRouteProvider NewHost(params (string Key, string? Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Routing:Http"] = Http.AbsoluteUri, ["Routing:Https"] = Https.AbsoluteUri })
            .AddInMemoryCollection(_settings)
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, s.Value)))
            .Build();
        var host = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Logs))
            .AddSingleton<IServerDirectory>(Server)
            .AddSingleton<ITenantCertificates>(this)
            .AddSingleton<ISecretStore>(Secrets)
            .AddActivities(configuration)
            .BuildServiceProvider();
        _hosts.Add(host);
        return host.GetRequiredService<IRouteProvider>();
    }

    /// <summary>A service of the first process.</summary>
    public T Get<T>()
        where T : notnull => _hosts[0].GetRequiredService<T>();

    /// <summary>A tenant, with a certificate unless it is to be plain.</summary>
    public TenantDescriptor NewTenant(bool plain = false)
    {
        var place = World.NewPlace();
        if (!plain)
        {
            Certificates[place.Host] = Authority.Issue(place.Host);
        }

        return place;
    }

    public Task<TenantCertificate?> FindAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        Task.FromResult(Certificates.GetValueOrDefault(place.Host));

    /// <summary>Comes to the proxy by TLS, whatever the name, and trusts our authority.</summary>
    public SocketsHttpHandler NewVisitor() => Visitor.Of(Https, Authority.Root);

    /// <summary>Status and body over TLS, its chain verified to our authority.</summary>
    public Task<(int Status, string Body)> GetSecureAsync(string host, string path = "/") => GetAsync(Https, host, path);

    /// <summary>Status and body, or where it was redirected to.</summary>
    public Task<(int Status, string Body)> GetPlainAsync(string host, string path = "/") => GetAsync(Http, host, path);

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        await _proxy.DisposeAsync();
        await Application.DisposeAsync();
        Authority.Dispose();
    }

    private async Task<(int Status, string Body)> GetAsync(Uri proxy, string host, string path)
    {
        using var client = new HttpClient(Visitor.Of(proxy, Authority.Root));
        using var answer = await client.GetAsync(new Uri($"{proxy.Scheme}://{host}{path}"));
        return ((int)answer.StatusCode, answer.Headers.Location?.OriginalString ?? await answer.Content.ReadAsStringAsync());
    }
}
