namespace Bibind.ControlPlane.Servers;

/// <summary>What a check measured; what could not be known is null.</summary>
public sealed record ServerMeasures
{
    /// <summary>How long the application took to say its version.</summary>
    public int? ApplicationMilliseconds { get; init; }
    public string? ApplicationVersion { get; init; }

    /// <summary>How long PostgreSQL took to let us in and answer.</summary>
    public int? DatabaseMilliseconds { get; init; }
    public string? DatabaseVersion { get; init; }

    /// <summary>Sessions in all databases.</summary>
    public int? Connections { get; init; }

    /// <summary>Sessions that tenants can have together.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>What all databases take on the disk.</summary>
    public long? DatabaseBytes { get; init; }

    /// <summary>Of the file system that holds the tenants' files, where this machine sees it.</summary>
    public long? FileStoreFreeBytes { get; init; }
    public long? FileStoreBytes { get; init; }

    /// <summary>Of the transaction that is open for the longest, as far as our role sees.</summary>
    public double? OldestTransactionSeconds { get; init; }

    /// <summary>Standbys that are connected.</summary>
    public int? Standbys { get; init; }

    /// <summary>How far the slowest standby is behind.</summary>
    public double? ReplicationLagSeconds { get; init; }
}

/// <summary>What a check found.</summary>
/// <param name="Health">One of <see cref="ServerHealth"/>, not unknown; critical is a server that does not answer.</param>
/// <param name="Reason">Why it is not healthy, or what should be known of it; null if there is nothing to say.</param>
/// <param name="Measures">What was measured.</param>
public sealed record ServerCheckResult(string Health, string? Reason, ServerMeasures Measures)
{
    /// <summary>True if the application is of another series than before: its version is not taken over, people are to look.</summary>
    public bool IsOtherVersion { get; init; }

    /// <summary>True if nothing is wrong but that few places are free, which orders count themselves.</summary>
    public bool OnlyCapacityWarns { get; init; }

    /// <summary>True unless something that must answer did not.</summary>
    public bool Answered => Health != ServerHealth.Critical;
}

/// <summary>A check that was made.</summary>
public sealed record ServerCheck
{
    public DateTimeOffset CheckedAt { get; init; }
    public string Health { get; init; } = string.Empty;
    public string? Reason { get; init; }
    public ServerMeasures Measures { get; init; } = new();
}

/// <summary>A server whose check is due; whoever has the claim makes it.</summary>
public sealed record ClaimedCheck
{
    public required long ServerId { get; init; }

    /// <summary>Goes with the result: a claim that another took over meanwhile counts no more.</summary>
    public required Guid Claim { get; init; }
}

/// <summary>What became of a result.</summary>
/// <param name="Counts">False if it came too late: another check took its place.</param>
/// <param name="From">The server's state before.</param>
/// <param name="To">The server's state after.</param>
/// <param name="Raised">Kinds of the alerts that it raised.</param>
public sealed record RecordedCheck(bool Counts, string From, string To, IReadOnlyList<string> Raised);

/// <summary>Something about a server that people are told.</summary>
public sealed record ServerAlert
{
    public long Id { get; init; }
    public string ServerCode { get; init; } = string.Empty;

    /// <summary>One of <see cref="ServerAlerts"/>.</summary>
    public string Kind { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public DateTimeOffset RaisedAt { get; init; }
    public DateTimeOffset? ClearedAt { get; init; }
}

/// <summary>The kinds of alerts.</summary>
public static class ServerAlerts
{
    /// <summary>It did not answer several times in a row.</summary>
    public const string Offline = "offline";

    /// <summary>It answers, and something is wrong with it.</summary>
    public const string Warning = "warning";

    /// <summary>Its application is of another version than before.</summary>
    public const string Version = "version";
}

/// <summary>How checks change a server's state.</summary>
public sealed record HealthThresholds
{
    /// <summary>Failed checks in a row that make a server offline.</summary>
    public int FailuresUntilOffline { get; init; } = 3;

    /// <summary>Checks in a row that a server must pass to come back.</summary>
    public int SuccessesUntilActive { get; init; } = 2;

    /// <summary>The state after a check, and how many in a row failed or passed.</summary>
    internal (string State, int Failures, int Successes) Next(string state, int failures, int successes, bool answered)
    {
        (failures, successes) = answered ? (0, successes + 1) : (failures + 1, 0);
        return state switch
        {
            ServerStates.Active when failures >= FailuresUntilOffline => (ServerStates.Offline, failures, successes),
            ServerStates.Offline when successes >= SuccessesUntilActive => (ServerStates.Active, failures, successes),
            _ => (state, failures, successes),
        };
    }
}
