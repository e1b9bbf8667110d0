using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Bibind.Local;

/// <summary>A file that an attachment of the templates names.</summary>
/// <param name="Number">The image's number.</param>
/// <param name="Content">Its bytes.</param>
public sealed record OdooFile(int Number, byte[] Content)
{
    /// <summary>Lower-case hex, by which Odoo names the file.</summary>
    public string Sha1 { get; } = HashOf(Content);

    /// <summary>As <c>ir_attachment.store_fname</c> has it.</summary>
    public string StoreName => $"{Sha1[..2]}/{Sha1}";

#pragma warning disable CA5350 // Odoo's own choice for the names of files; nothing is secured by it.
    private static string HashOf(byte[] content) => Convert.ToHexStringLower(SHA1.HashData(content));
#pragma warning restore CA5350
}

/// <summary>The file store that belongs to the template databases: a few small images.</summary>
public static class OdooFiles
{
    private const int Images = 12;
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
    private static readonly DateTime BuiltAt = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>The same at every build.</summary>
    public static IReadOnlyList<OdooFile> All { get; } = [.. Enumerable.Range(1, Images).Select(n => new OdooFile(n, Encoding.UTF8.GetBytes(Image(n))))];

    /// <summary>Puts the files of a template database where Odoo would have them; what is there stays.</summary>
    /// <param name="folder">What Odoo calls <c>&lt;data_dir&gt;/filestore</c>.</param>
    /// <param name="database">The template's database.</param>
    public static void Write(string folder, string database)
    {
        CloseToOthers(folder);
        CloseToOthers(Path.Combine(folder, database));
        foreach (var file in All)
        {
            var path = Path.Combine(folder, database, file.StoreName);
            if (!File.Exists(path))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllBytes(path, file.Content);
                File.SetLastWriteTimeUtc(path, BuiltAt);
            }
        }
    }

    // Below it lies what customers upload: as private as the databases. Folders of earlier versions were open.
    private static void CloseToOthers(string folder)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) & ~Others);
        }
    }

    private static string Image(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $"""<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128"><rect width="128" height="128" fill="hsl({number * 30}, 60%, 50%)"/></svg>""");
}
