using System.Globalization;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;

namespace Bibind.Activities.Backup;

/// <summary>Where backups lie in their bucket.</summary>
internal static class BackupKeys
{
    /// <summary>Everything of a tenant; the id keeps it apart from another that once had the same code.</summary>
    public static string Prefix(TenantPlace place) =>
        string.Create(CultureInfo.InvariantCulture, $"backups/{place.Code}/{place.TenantId}/");

    /// <summary>One backup: the same for every attempt of the job's step.</summary>
    public static string Id(BackupRequest request) => $"{request.Place.JobId}-{request.Kind}";

    public static string Prefix(BackupRequest request) => $"{Prefix(request.Place)}{Id(request)}/";

    public static string Dump(BackupRequest request) => Prefix(request) + "database.dump.br.aes";

    public static string FileStore(BackupRequest request) => Prefix(request) + "filestore.tar.br.aes";

    /// <summary>Everything of a stored backup: the folder that its dump lies in.</summary>
    public static string PrefixOf(BackupRecord backup) => backup.Key[..(backup.Key.LastIndexOf('/') + 1)];

    public static string Manifest(BackupRequest request) => Prefix(request) + "manifest.json";
}
