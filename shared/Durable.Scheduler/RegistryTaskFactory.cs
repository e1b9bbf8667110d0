using System.Diagnostics.CodeAnalysis;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Worker;

namespace Bibind.Durable.Scheduler;

/// <summary>Hands the orchestrators and activities of a <see cref="TaskRegistry"/> to the framework's worker. Versions are chosen when they run.</summary>
internal sealed class RegistryTaskFactory(TaskRegistry registry, ActivityHost activities) : IDurableTaskFactory
{
    /// <summary>What the host may hand to this worker: a name that only others know is left to them.</summary>
    public static void Fill(DurableTaskWorkerWorkItemFilters filters, TaskRegistry registry)
    {
        filters.Orchestrations = [.. Names(registry.Orchestrators).Select(name => new DurableTaskWorkerWorkItemFilters.OrchestrationFilter(name, null))];
        filters.Activities = [.. Names(registry.Activities).Select(name => new DurableTaskWorkerWorkItemFilters.ActivityFilter(name, null))];
    }

    public bool TryCreateActivity(TaskName name, IServiceProvider serviceProvider, [NotNullWhen(true)] out ITaskActivity? activity)
    {
        activity = Knows(registry.Activities, name) ? new ActivityAdapter(name, registry, activities, serviceProvider) : null;
        return activity is not null;
    }

    public bool TryCreateOrchestrator(TaskName name, IServiceProvider serviceProvider, [NotNullWhen(true)] out ITaskOrchestrator? orchestrator)
    {
        orchestrator = Knows(registry.Orchestrators, name) ? new OrchestratorAdapter(name, registry, serviceProvider) : null;
        return orchestrator is not null;
    }

    private static IEnumerable<string> Names(IEnumerable<(string Name, string Version)> registered) =>
        registered.Select(r => r.Name).Distinct(StringComparer.OrdinalIgnoreCase);

    private static bool Knows(IEnumerable<(string Name, string Version)> registered, TaskName name) =>
        registered.Any(r => string.Equals(r.Name, name.Name, StringComparison.OrdinalIgnoreCase));
}
