using System.Globalization;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;

namespace Bibind.Activities.Backup.Archives;

/// <summary>Where backups lie in their bucket.</summary>
internal static class BackupKeys
{
    /// <summary>Everything of a tenant; the id keeps it apart from another that once had the same code.</summary>
    public static string Prefix(TenantDescriptor place) =>
        string.Create(CultureInfo.InvariantCulture, $"backups/{place.Code}/{place.TenantId}/");

    /// <summary>One backup: the same for every attempt of the job's step.</summary>
    public static string Id(BackupRequest request) => BackupRef.IdOf(request.Place.JobId, request.Kind);

    public static string Prefix(BackupRequest request) => $"{Prefix(request.Place)}{Id(request)}/";

    /// <summary>
    /// What one attempt of the step stores. Two may be at work at once, when one has lost its lease and does not know yet:
    /// each has a folder of its own, so that neither overwrites or clears away what is the other's.
    /// </summary>
    public static BackupFolder NewAttempt(BackupRequest request) => new($"{Prefix(request)}{Guid.NewGuid().ToString("N")[..12]}/");

    /// <summary>Everything of a stored backup, attempts that nobody needed included.</summary>
    public static string PrefixOf(BackupRecord backup)
    {
        var folder = $"/{backup.Id}/";
        return backup.Key[..(backup.Key.IndexOf(folder, StringComparison.Ordinal) + folder.Length)];
    }

    /// <summary>True if it is the key of a manifest.</summary>
    public static bool IsManifest(string key) => key.EndsWith(BackupFolder.ManifestName, StringComparison.Ordinal);
}

/// <summary>The objects of a stored backup.</summary>
/// <param name="Prefix">How their keys begin.</param>
internal sealed record BackupFolder(string Prefix)
{
    public const string ManifestName = "/manifest.json";

    public string Dump => Prefix + "database.dump.br.aes";

    public string FileStore => Prefix + "filestore.tar.br.aes";

    /// <summary>Written last: a folder with one is whole.</summary>
    public string Manifest => Prefix.TrimEnd('/') + ManifestName;
}
