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

    /// <summary>Starts it.</summary>
    /// <param name="installation">Whose host it is.</param>
    /// <param name="interceptor">Stands between the worker and its steps.</param>
    /// <param name="address">Where it listens, for those who must be led there before it works; a free port unless given.</param>
    /// <param name="services">What the test adds to it.</param>
    public static async Task<InProcessHost> StartAsync(
        Installation installation, IWorkerInterceptor? interceptor = null, Uri? address = null, Action<IServiceCollection>? services = null)
    {
        var urls = address?.OriginalString ?? "http://127.0.0.1:0";
        var arguments = installation.Settings.Select(s => $"--{s.Key}={s.Value}").Append($"--Urls={urls}").ToArray();
        var app = FunctionsHost.Build(arguments, builder =>
        {
            if (interceptor is not null)
            {
                builder.Services.AddSingleton(interceptor);
            }

            services?.Invoke(builder.Services);
        });
        await app.StartAsync();
        return new InProcessHost(app);
    }

    /// <summary>Ends the orchestration of a job, as somebody does with the task hub at hand.</summary>
    /// <param name="job">The job's address.</param>
    public Task TerminateAsync(string job) => Tasks.TerminateInstanceAsync(job[(job.LastIndexOf('/') + 1)..], "by hand");

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
