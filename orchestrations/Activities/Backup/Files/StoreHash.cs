using System.Security.Cryptography;

namespace Bibind.Activities.Backup.Files;

/// <summary>The hash by which the application names files. It finds damage; against forgery, archives are sealed.</summary>
internal static class StoreHash
{
    public static readonly HashAlgorithmName Algorithm = HashAlgorithmName.SHA1;

    public static IncrementalHash New() => IncrementalHash.CreateHash(Algorithm);
}
