using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Staging;

/// <summary>Registers the steps of staging copies.</summary>
public static class StagingActivities
{
    /// <summary>Adds them under their typed names.</summary>
    public static TaskRegistry AddStagingActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddActivity(Contracts.Staging.FindSource, Make<FindStagingSource>)
            .AddActivity(Contracts.Staging.Neutralise, Make<NeutraliseStagingCopy>);
    }

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
