using Bibind.Functions.Settings;
using Bibind.Functions.Startup;

namespace Bibind.Functions.Hosts;

/// <summary>Says first of all which version starts, and what looks odd in its surroundings.</summary>
internal sealed class StartNotes(HostSettings settings, IConfiguration configuration, ILogger<StartNotes> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        Logs.Starting(logger, ProgramVersion.Text, settings.Kind.ToString().ToLowerInvariant());
        foreach (var (name, nearest) in CatalogueCheck.FindSuspects(configuration))
        {
            Logs.NameSuspected(logger, name, nearest);
        }

        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
