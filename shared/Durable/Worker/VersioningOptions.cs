namespace Bibind.Durable.Worker;

/// <summary>Which versions of orchestrations a worker runs; as in Durable Task's worker.</summary>
public enum VersionMatchStrategy
{
    /// <summary>Every version.</summary>
    None,

    /// <summary>Exactly the worker's version.</summary>
    Strict,

    /// <summary>The worker's version and older ones.</summary>
    CurrentOrOlder,
}

/// <summary>What becomes of an orchestration whose version the worker does not run.</summary>
public enum VersionFailureStrategy
{
    /// <summary>It is left for another worker.</summary>
    Reject,

    /// <summary>It fails with the error type <c>VersionMismatch</c>.</summary>
    Fail,
}

/// <summary>The versions that a worker runs.</summary>
public sealed class VersioningOptions
{
    /// <summary>The error type of a mismatch.</summary>
    public const string MismatchErrorType = "VersionMismatch";

    /// <summary>The worker's version.</summary>
    public string Version { get; set; } = string.Empty;

    /// <summary>The version of sub-orchestrations that are called without one.</summary>
    public string DefaultVersion { get; set; } = string.Empty;

    /// <summary>Which versions match.</summary>
    public VersionMatchStrategy MatchStrategy { get; set; }

    /// <summary>What becomes of the others.</summary>
    public VersionFailureStrategy FailureStrategy { get; set; }

    /// <summary>Null if the worker runs this version, else why not.</summary>
    internal string? Refuses(string version) => MatchStrategy switch
    {
        VersionMatchStrategy.Strict when Compare(version, Version) != 0 =>
            $"The orchestration's version '{version}' is not one that this worker runs: it runs version '{Version}'.",
        VersionMatchStrategy.CurrentOrOlder when Compare(version, Version) > 0 =>
            $"The orchestration's version '{version}' is not one that this worker runs: it runs version '{Version}' or older.",
        _ => null,
    };

    // Versions compare by component where both are of numbers, so that 10.0 is newer than 9.0; no version is the oldest.
    private static int Compare(string left, string right) =>
        left.Length == 0 || right.Length == 0 ? left.Length.CompareTo(right.Length)
        : System.Version.TryParse(left, out var leftVersion) && System.Version.TryParse(right, out var rightVersion) ? leftVersion.CompareTo(rightVersion)
        : string.Compare(left, right, StringComparison.OrdinalIgnoreCase);
}
