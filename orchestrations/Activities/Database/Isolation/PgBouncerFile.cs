using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Bibind.Activities.FileStores;

namespace Bibind.Activities.Database.Isolation;

/// <summary>
/// The file of databases that PgBouncer includes, a line for each. It appears whole or not at all, keeps its owner and mode, and
/// lines that are not ours stay as they are.
/// </summary>
internal sealed partial class PgBouncerFile
{
    private const string Header = "; Databases of tenants, written by Bibind.Functions. It holds passwords.\n[databases]\n";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly List<string> _lines;

    private PgBouncerFile(string path, string text)
    {
        _path = path;
        Text = text;
        _lines = [.. text.Split('\n')];
    }

    /// <summary>As it is on the disk.</summary>
    public string Text { get; private set; }

    public static async Task<PgBouncerFile> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return new PgBouncerFile(path, await File.ReadAllTextAsync(path, cancellationToken));
        }
        catch (FileNotFoundException)
        {
            return new PgBouncerFile(path, string.Empty);
        }
    }

    /// <summary>True for a name that stands for itself in the file. PgBouncer 1.18 takes no quoted names, and <c>pgbouncer</c> is its console.</summary>
    public static bool IsName(string name) => NamePattern().IsMatch(name) && name is not ("pgbouncer" or "postgres");

    /// <summary>True for a host that needs no quotes.</summary>
    public static bool IsHost(string host) => HostPattern().IsMatch(host);

    /// <summary>The role that a database is entered with; null if it has no line.</summary>
    public string? RoleOf(string database)
    {
        var line = Find(database);
        return line < 0 ? null : RolePattern().Match(_lines[line]) is { Success: true } match ? Unquote(match.Groups[1].Value) : string.Empty;
    }

    /// <summary>The line of a database, put into the place of the one it has or at the end.</summary>
    public string With(PooledDatabase database, string host, int port)
    {
        var entry = string.Create(
            CultureInfo.InvariantCulture,
            $"{database.Name} = host={host} port={port} dbname={database.Name} user={Quote(database.Role)} password={Quote(database.Password)}");
        var lines = Text.Length == 0 ? [.. Header.Split('\n')] : new List<string>(_lines);
        var at = Find(database.Name);
        if (at >= 0)
        {
            lines[at] = entry;
        }
        else
        {
            lines.Insert(lines.Count > 0 && lines[^1].Length == 0 ? lines.Count - 1 : lines.Count, entry);
        }

        return string.Join('\n', lines);
    }

    /// <summary>The text without a database's line.</summary>
    public string Without(string database) => string.Join('\n', _lines.Where((_, i) => i != Find(database)));

    /// <summary>Replaces the file.</summary>
    public void Write(string text)
    {
        var unfinished = _path + "~";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        var exists = File.Exists(_path);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(unfinished);
            options.UnixCreateMode = exists ? File.GetUnixFileMode(_path) : OwnerOnly;
        }

        using (var stream = new FileStream(unfinished, options))
        {
            // PgBouncer has another account than ours; the owner of the folder is whom the file is for.
            UnixFiles.Give(unfinished, UnixFiles.OwnerOf(exists ? _path : Path.GetDirectoryName(_path)!));
            stream.Write(Encoding.UTF8.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(unfinished, _path, overwrite: true);
        UnixFiles.FlushFolder(Path.GetDirectoryName(_path)!);
        Text = text;
    }

    private int Find(string database) => _lines.FindIndex(l => l.Split('=', 2) is [var name, _] && name.Trim() == database);

    private static string Quote(string value) => $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Unquote(string value) =>
        value.StartsWith('\'') ? value[1..^1].Replace("''", "'", StringComparison.Ordinal) : value;

    [GeneratedRegex(@"\A[a-z0-9_][a-z0-9._-]{0,62}\z")]
    private static partial Regex NamePattern();

    [GeneratedRegex(@"\A[A-Za-z0-9.:_-]{1,255}\z")]
    private static partial Regex HostPattern();

    [GeneratedRegex(@"\buser=('(?:[^']|'')*'|\S+)")]
    private static partial Regex RolePattern();
}
