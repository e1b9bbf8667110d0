using System.Globalization;
using System.Security.Cryptography;

namespace Bibind.Activities.FileStores;

/// <summary>Compares the files that a database names with those that are in a store.</summary>
internal static class StoreCheck
{
    // Larger ones are compared by their size: reading gigabytes would take longer than making the template.
    private const long HashedUpTo = 1024 * 1024;

    /// <summary>Names of the files that are missing or damaged, each with the reason.</summary>
    public static IReadOnlyList<string> FindMissing(string store, IReadOnlyList<NamedFile> files, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        foreach (var file in files)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (ProblemWith(store, file) is { } problem)
            {
                missing.Add($"{file.Name} ({problem})");
            }
        }

        return missing;
    }

    private static string? ProblemWith(string store, NamedFile file)
    {
        if (!StoreNames.IsSafe(file.Name))
        {
            return "no name of a file in a store";
        }

        var path = Path.Combine(store, file.Name);
        if (!UnixFiles.IsPlain(path))
        {
            return "not there";
        }

        var bytes = new FileInfo(path).Length;
        return file.Bytes is { } expected && expected != bytes
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes instead of {expected}")
            : StoreNames.Sha1Of(file.Name) is { } sha1 && bytes <= HashedUpTo && HashOf(path) != sha1
                ? "not the content that its name says"
                : null;
    }

#pragma warning disable CA5350 // The application's own choice for the names of files; nothing is secured by it.
    private static string HashOf(string path) => Convert.ToHexStringLower(SHA1.HashData(File.ReadAllBytes(path)));
#pragma warning restore CA5350
}
