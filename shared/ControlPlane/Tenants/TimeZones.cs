using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Tenants;

/// <summary>The names of the IANA time-zone database, its older names included.</summary>
internal static partial class TimeZones
{
    private const int Longest = 64;

    // A machine without the database knows UTC only: there names are checked by their form, and by the application.
    private static readonly Lazy<bool> HasDatabase = new(() => TimeZoneInfo.TryFindSystemTimeZoneById("Europe/Paris", out _));

    /// <summary>True for a name that the database has.</summary>
    public static bool IsKnown(string? zone) =>
        zone is { Length: > 0 and <= Longest } && Name().IsMatch(zone)
        && (zone is "UTC" or "GMT" || (HasDatabase.Value ? IsInDatabase(zone) : zone.Contains('/', StringComparison.Ordinal)));

    // Distributions put older names, such as US/Eastern, into a package of their own; the second database has them always.
    private static bool IsInDatabase(string zone) =>
        (TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) && found.Id == zone) || TimeZoneInfo.TryConvertIanaIdToWindowsId(zone, out _);

    [GeneratedRegex(@"\A[A-Z][A-Za-z0-9_+-]*(/[A-Z][A-Za-z0-9_+-]*){0,2}\z")]
    private static partial Regex Name();
}
