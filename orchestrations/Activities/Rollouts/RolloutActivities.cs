using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Rollouts;

/// <summary>Registers the step of rollouts.</summary>
public static class RolloutActivities
{
    /// <summary>Adds it under its typed name.</summary>
    public static TaskRegistry AddRolloutActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry.AddActivity(Contracts.Rollouts.Advance, services => ActivatorUtilities.CreateInstance<AdvanceRollout>(services));
    }
}
