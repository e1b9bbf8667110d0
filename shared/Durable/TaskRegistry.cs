using System.Collections.Concurrent;
using Microsoft.DurableTask;

namespace Bibind.Durable;

/// <summary>
/// The orchestrators and activities that a worker can run, by wire name. Names know no case. More may be added while
/// workers run: what is offered under a name not yet known waits. Durable Task's own registry tells nobody outside of its
/// package the versions that it holds, hence this one.
/// </summary>
public sealed class TaskRegistry
{
    private readonly ConcurrentDictionary<(string Name, string Version), Func<IServiceProvider, ITaskOrchestrator>> _orchestrators =
        new(NameAndVersionComparer.Instance);

    private readonly ConcurrentDictionary<(string Name, string Version), Func<IServiceProvider, ITaskActivity>> _activities =
        new(NameAndVersionComparer.Instance);

    /// <summary>Adds an orchestrator under its typed name.</summary>
    public TaskRegistry AddOrchestrator<TInput, TOutput>(
        OrchestratorDefinition<TInput, TOutput> definition, Func<IServiceProvider, TaskOrchestrator<TInput, TOutput>> create)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return AddOrchestrator(definition.Name, create);
    }

    /// <summary>Adds an orchestrator by name and version.</summary>
    /// <exception cref="ArgumentException">The name and version are taken.</exception>
    public TaskRegistry AddOrchestrator(string name, Func<IServiceProvider, ITaskOrchestrator> create, string version = "")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (!_orchestrators.TryAdd((name, version), create))
        {
            throw new ArgumentException($"An orchestrator named '{name}' with version '{version}' is registered already.", nameof(name));
        }

        return this;
    }

    /// <summary>Adds an activity under its typed name.</summary>
    public TaskRegistry AddActivity<TInput, TOutput>(
        ActivityDefinition<TInput, TOutput> definition, Func<IServiceProvider, TaskActivity<TInput, TOutput>> create)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return AddActivity(definition.Name, create);
    }

    /// <summary>Adds an activity by name and version.</summary>
    /// <exception cref="ArgumentException">The name and version are taken.</exception>
    public TaskRegistry AddActivity(string name, Func<IServiceProvider, ITaskActivity> create, string version = "")
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (!_activities.TryAdd((name, version), create))
        {
            throw new ArgumentException($"An activity named '{name}' with version '{version}' is registered already.", nameof(name));
        }

        return this;
    }

    /// <summary>The names of all activities, for checks at start.</summary>
    public IEnumerable<string> ActivityNames => _activities.Keys.Select(k => k.Name);

    /// <summary>The orchestrators, by name and version.</summary>
    internal IEnumerable<(string Name, string Version)> Orchestrators => _orchestrators.Keys;

    /// <summary>The activities, by name and version.</summary>
    internal IEnumerable<(string Name, string Version)> Activities => _activities.Keys;

    internal Func<IServiceProvider, ITaskOrchestrator>? FindOrchestrator(string name, string version) => Find(_orchestrators, name, version);

    internal Func<IServiceProvider, ITaskActivity>? FindActivity(string name, string version) => Find(_activities, name, version);

    // A version that nobody registered falls back to the default registration; whether that is allowed is the
    // worker's versioning strategy.
    private static T? Find<T>(ConcurrentDictionary<(string Name, string Version), T> map, string name, string version)
        where T : class =>
        map.TryGetValue((name, version), out var exact) ? exact
        : version.Length > 0 && map.TryGetValue((name, string.Empty), out var unversioned) ? unversioned
        : null;

    private sealed class NameAndVersionComparer : IEqualityComparer<(string Name, string Version)>
    {
        public static readonly NameAndVersionComparer Instance = new();

        public bool Equals((string Name, string Version) x, (string Name, string Version) y) =>
            string.Equals(x.Name, y.Name, StringComparison.OrdinalIgnoreCase) && string.Equals(x.Version, y.Version, StringComparison.Ordinal);

        public int GetHashCode((string Name, string Version) obj) =>
            HashCode.Combine(StringComparer.OrdinalIgnoreCase.GetHashCode(obj.Name), obj.Version);
    }
}
