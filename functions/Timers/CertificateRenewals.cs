using Bibind.Activities.Certificates;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Functions.Settings;
using Bibind.Orchestrators;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>
/// Sees to it that the renewal of certificates runs: once for all hosts, and again if somebody ended it. It sleeps in the
/// task hub, so nothing here has to stay awake.
/// </summary>
internal sealed class CertificateRenewals(HostSettings settings, IOptions<CertificateOptions> certificates, DurableTaskClient client) : IHostedService
{
    private static readonly OrchestrationRuntimeStatus[] Ended =
        [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated, OrchestrationRuntimeStatus.Canceled];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!settings.RenewsCertificates || certificates.Value.Provider == CertificateProviders.None)
        {
            return;
        }

        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                Orchestrations.RenewCertificates,
                new RenewalRound(),
                new StartOrchestrationOptions { InstanceId = RenewCertificates.InstanceId, ReplaceableStatuses = Ended },
                cancellationToken);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // Another host, or this one before, has started it.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
