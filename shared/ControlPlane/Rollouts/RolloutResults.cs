namespace Bibind.ControlPlane.Rollouts;

/// <summary>What became of a wish about a rollout.</summary>
public abstract record RolloutResult
{
    private RolloutResult()
    {
    }

    /// <summary>It is as wanted.</summary>
    public sealed record Done(Rollout Rollout) : RolloutResult
    {
        /// <summary>The tenant that the wish was about.</summary>
        public RolloutTenant? Tenant { get; init; }
    }

    /// <summary>There is no such rollout, or no such tenant in it.</summary>
    public sealed record NotFound(string Message) : RolloutResult;

    /// <summary>What was asked for cannot be; by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : RolloutResult;

    /// <summary>Another rollout of the offer is not over.</summary>
    public sealed record AnotherOpen(string Message) : RolloutResult;

    /// <summary>The state of the rollout or of the tenant in it does not allow it.</summary>
    public sealed record WrongState(string Message) : RolloutResult;
}

/// <summary>What a rollout would do.</summary>
/// <param name="Release">What would be brought to the tenants.</param>
/// <param name="Waves">How many tenants would fall into which wave.</param>
/// <param name="PassedOver">Which would be passed over, by reason.</param>
public sealed record RolloutPlan(Contracts.ApplicationRelease Release, IReadOnlyList<PlannedWave> Waves, IReadOnlyList<PassedOverTenants> PassedOver)
{
    /// <summary>Tenants that would be upgraded.</summary>
    public int Tenants => Waves.Sum(w => w.Tenants);
}

/// <summary>How many tenants would fall into a wave.</summary>
public sealed record PlannedWave
{
    public int Number { get; init; }
    public int Tenants { get; init; }

    /// <summary>The codes of the first of them.</summary>
    public IReadOnlyList<string> First { get; init; } = [];
}

/// <summary>Tenants that are passed over for one reason.</summary>
public sealed record PassedOverTenants
{
    public string Reason { get; init; } = string.Empty;
    public int Tenants { get; init; }

    /// <summary>The codes of the first of them.</summary>
    public IReadOnlyList<string> First { get; init; } = [];
}
