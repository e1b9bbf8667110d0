using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Bibind.Local;

/// <summary>The files of one cluster: its data, and beside them its passwords, port and log.</summary>
internal sealed class ClusterFolder
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Enterable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private ClusterFolder(string intended, string home)
    {
        Intended = intended;
        Home = home;
    }

    /// <summary>The folder that was asked for.</summary>
    public string Intended { get; }

    /// <summary>The folder that is used: the intended one unless the server's account cannot enter that.</summary>
    public string Home { get; }

    /// <summary>Every folder that was made for this cluster.</summary>
    public IReadOnlyList<string> All => Home == Intended ? [Home] : [Home, Intended];

    public string Data => Path.Combine(Home, "cluster");

    public string LogFile => Path.Combine(Home, "postgres.log");

    /// <summary>Finds the place of a cluster, or makes one that <paramref name="account"/> can reach.</summary>
    public static async Task<ClusterFolder> LocateAsync(string intended, PostgresAccount account, CancellationToken cancellationToken)
    {
        intended = Path.GetFullPath(intended);
        Directory.CreateDirectory(intended);
        var pointer = Path.Combine(intended, "place");
        if (File.Exists(pointer))
        {
            var remembered = (await File.ReadAllTextAsync(pointer, cancellationToken)).Trim();
            if (Directory.Exists(remembered))
            {
                return new ClusterFolder(intended, remembered);
            }
        }

        if (await account.CanReachAsync(intended, cancellationToken))
        {
            return new ClusterFolder(intended, intended);
        }

        // As root in a folder closed to others. The name is random as well: anyone may create folders in /var/tmp.
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(intended)))[..12];
        var elsewhere = $"/var/tmp/bibind-postgres-{hash}-{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        Directory.CreateDirectory(elsewhere, Enterable);
        WritePrivate(pointer, elsewhere);
        return new ClusterFolder(intended, elsewhere);
    }

    /// <summary>Keeps other processes out for as long as the answer is not disposed; the system lifts it when we die.</summary>
    public FileStream Lock()
    {
        try
        {
            return new FileStream(
                Path.Combine(Home, "lock"),
                new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = Private });
        }
        catch (IOException held)
        {
            throw new LocalServerException($"The PostgreSQL data in {Intended} is in use by another process of this program: stop that one first.", held);
        }
    }

    /// <summary>A role's password: made at random at its first use and kept in a file that only we can read.</summary>
    public string PasswordOf(string role)
    {
        var file = Path.Combine(Home, $"password.{role}");
        if (File.Exists(file))
        {
            return File.ReadAllText(file).Trim();
        }

        var password = RandomNumberGenerator.GetHexString(40, lowercase: true);
        WritePrivate(file, password);
        return password;
    }

    /// <summary>The port of the last start.</summary>
    public int? KeptPort =>
        File.Exists(PortFile) && int.TryParse(File.ReadAllText(PortFile), CultureInfo.InvariantCulture, out var port) ? port : null;

    public void KeepPort(int port) => WritePrivate(PortFile, port.ToString(CultureInfo.InvariantCulture));

    private string PortFile => Path.Combine(Home, "port");

    /// <summary>Writes a file that only we can read, whole or not at all.</summary>
    public static void WritePrivate(string file, string text)
    {
        var unfinished = $"{file}.new";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private };
        using (var stream = new FileStream(unfinished, options))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        File.Move(unfinished, file, overwrite: true);
    }
}
