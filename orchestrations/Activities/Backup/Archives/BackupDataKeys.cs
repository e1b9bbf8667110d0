using System.Globalization;
using System.Security.Cryptography;
using Bibind.ControlPlane.Secrets;

namespace Bibind.Activities.Backup.Archives;

/// <summary>
/// The key that a tenant's backups are encrypted with, kept as a secret and so wrapped by the master key. It is not among
/// the tenant's other secrets, for backups may outlive the tenant; without it they cannot be read by anybody.
/// </summary>
public sealed class BackupDataKeys(ISecretStore secrets)
{
    private const int KeyBytes = 32;

    /// <summary>What the names of a tenant's secrets for backups begin with.</summary>
    public static string Prefix(long tenantId) => string.Create(CultureInfo.InvariantCulture, $"backups/{tenantId}/");

    /// <summary>The tenant's key, made when it is first needed.</summary>
    internal async Task<byte[]> GetAsync(long tenantId, CancellationToken cancellationToken) =>
        Convert.FromBase64String(await secrets.GetOrSetAsync(
            Name(tenantId), () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)), cancellationToken));

    /// <summary>The tenant's key.</summary>
    /// <exception cref="Encryption.BackupDamagedException">There is none.</exception>
    internal async Task<byte[]> FindAsync(long tenantId, CancellationToken cancellationToken) =>
        await secrets.FindAsync(Name(tenantId), cancellationToken) is { } key
            ? Convert.FromBase64String(key)
            : throw new Encryption.BackupDamagedException("the key that it was encrypted with is not kept any more");

    /// <summary>Destroys the key, and with it whatever copy of a backup may be left anywhere.</summary>
    internal Task ForgetAsync(long tenantId, CancellationToken cancellationToken) => secrets.DeleteAsync(Prefix(tenantId), cancellationToken);

    private static string Name(long tenantId) => Prefix(tenantId) + "key";
}
