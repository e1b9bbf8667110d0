namespace Bibind.Functions.Ordering;

/// <summary>Where the job of an accepted order is found.</summary>
internal static class JobLocation
{
    private const string Prefix = "/api/jobs/";

    /// <summary>Its path in the API.</summary>
    public static string Of(string jobId) => Prefix + jobId;

    /// <summary>The job whose path it is, or null.</summary>
    public static string? IdOf(string? location) => location?.StartsWith(Prefix, StringComparison.Ordinal) is true ? location[Prefix.Length..] : null;
}
