namespace Bibind.Functions.Problems;

/// <summary>How long a request's body may be, in bytes.</summary>
public static class BodyLimits
{
    /// <summary>The longest that is read.</summary>
    public const int Read = 64 * 1024;

    /// <summary>
    /// The longest that the server takes and throws away: a caller that is cut off while it sends never gets to
    /// read why it was refused.
    /// </summary>
    public const int Discarded = 64 * 1024 * 1024;
}
