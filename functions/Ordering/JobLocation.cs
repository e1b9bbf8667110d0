namespace Bibind.Functions.Ordering;

/// <summary>Where the job of an accepted order is found.</summary>
internal static class JobLocation
{
    /// <summary>Its path in the API.</summary>
    public static string Of(string jobId) => $"/api/jobs/{jobId}";
}
