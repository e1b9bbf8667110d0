namespace Bibind.ControlPlane.Pools;

/// <summary>What the filling of pools may cost.</summary>
public sealed record WarmPoolLimits
{
    /// <summary>Clones that a server makes at once.</summary>
    public int AtOnce { get; init; } = 2;

    /// <summary>Clones that are dropped in one round: PostgreSQL makes files slowly for a while after many were deleted.</summary>
    public int DroppedAtOnce { get; init; } = 10;

    /// <summary>Share of a server's disk, in per cent, that its databases may take together with a new clone.</summary>
    public int MaximumDiskPercent { get; init; } = 80;

    /// <summary>Orders of a server that are younger are not disturbed by filling; an older one waits for something else.</summary>
    public TimeSpan OrdersFirst { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long to wait before the next look while orders are under way.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(2);
}
