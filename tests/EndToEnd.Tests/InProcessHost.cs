using Bibind.Durable.Worker;
using Bibind.Functions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.EndToEnd.Tests;

/// <summary>The product's host in the test process, on a real port.</summary>
internal sealed class InProcessHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private InProcessHost(WebApplication app)
    {
        _app = app;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        Api = new Api(Address);
    }

    public Uri Address { get; }

    public Api Api { get; }

    /// <summary>What the host is made of.</summary>
    public IServiceProvider Services => _app.Services;

    public DurableTaskClient Tasks => _app.Services.GetRequiredService<DurableTaskClient>();

    public static async Task<InProcessHost> StartAsync(Installation installation, IWorkerInterceptor? interceptor = null)
    {
        var arguments = installation.Settings.Select(s => $"--{s.Key}={s.Value}").Append("--Urls=http://127.0.0.1:0").ToArray();
        var app = FunctionsHost.Build(arguments, builder =>
        {
            if (interceptor is not null)
            {
                builder.Services.AddSingleton(interceptor);
            }
        });
        await app.StartAsync();
        return new InProcessHost(app);
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
