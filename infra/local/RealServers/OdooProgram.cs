using System.Security.Cryptography;

namespace Bibind.Local.RealServers;

/// <summary>Where a real Odoo is, and how it is run.</summary>
public sealed class OdooProgram
{
    /// <summary>Environment variable that names Odoo's program, or the folder that a package of it was unpacked in.</summary>
    public const string Variable = "BIBIND_ODOO";

    private const string InPackage = "usr/bin/odoo";
    private const string Modules = "usr/lib/python3/dist-packages";

    private OdooProgram(string file, string? package) => (File, Package) = (file, package);

    /// <summary>Its program.</summary>
    public string File { get; }

    /// <summary>The folder that a package was unpacked in; null for a program that finds its modules itself.</summary>
    public string? Package { get; }

    /// <summary>What tells one Odoo from another: databases that one made are not the other's.</summary>
    public string Version
    {
        get
        {
            var release = Package is null ? null : new FileInfo(Path.Combine(Package, Modules, "odoo", "release.py"));
            var note = Package is null ? null : Path.Combine(Package, "..", "version");
            return note is not null && System.IO.File.Exists(note) ? System.IO.File.ReadAllText(note).Trim()
                : $"{File} of {(release is { Exists: true } ? release : new FileInfo(File)).LastWriteTimeUtc:O}";
        }
    }

    /// <summary>Finds it: what the environment names, what set-up unpacked, what is on PATH.</summary>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="LocalServerException">The environment names one that is not there.</exception>
    public static OdooProgram? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
        {
            return In(named) ?? (System.IO.File.Exists(named)
                ? new OdooProgram(Path.GetFullPath(named), null)
                : throw new LocalServerException($"{Variable} names {named}, which is no program of Odoo and no folder with {InPackage}."));
        }

        return ToolFolders().Select(tools => In(Path.Combine(tools, "odoo", "root"))).FirstOrDefault(there => there is not null)
            ?? (ChildProcess.Find("odoo") is { } installed ? new OdooProgram(installed, null) : null);
    }

    /// <summary>Why there is none, and what to do.</summary>
    public static string Missing =>
        $"There is no Odoo here, and the real one is needed: as root on Debian ./test and ./run --full fetch it; elsewhere install Odoo 19 and name its program in {Variable}.";

    /// <summary>A script with the program's own arguments, which runs it as an account that is not root's.</summary>
    /// <param name="account">Runs it.</param>
    /// <param name="home">A folder of that account's.</param>
    /// <param name="options">Come before those that the script is called with, which count if both say the same; after a command such as <c>neutralize</c>.</param>
    internal string Script(PostgresAccount account, string home, params string[] options)
    {
        string[] program = [.. Package is null ? Array.Empty<string>() : ["/usr/bin/python3"], File];
        return $"""
            #!/bin/sh
            export HOME={Quoted(home)} ODOO_RC={Quoted(Path.Combine(home, "none.conf"))} LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
            {(Package is null ? ":" : $"export PYTHONPATH={Quoted(Path.Combine(Package, Modules))}")}
            umask 077
            command=
            case "$1" in [a-z]*) command=$1; shift;; esac
            cd {Quoted(home)} && exec {string.Join(' ', account.Command(program).Select(Quoted))} ${"{command:+\"$command\"}"} {string.Join(' ', options.Select(Quoted))} "$@"

            """;
    }

    /// <summary>The same where the account can reach it: a copy, if it lies in a folder that is closed to others.</summary>
    internal async Task<OdooProgram> ReachableAsync(PostgresAccount account, CancellationToken cancellationToken)
    {
        if (Package is null || await account.CanReachAsync(File, cancellationToken))
        {
            return this;
        }

        // Kept between runs. The name is random, for anyone may create folders in /var/tmp; only we write where it is noted.
        var note = Path.Combine(Package, "..", "copy");
        if (System.IO.File.Exists(note) && In(Path.Combine((await System.IO.File.ReadAllTextAsync(note, cancellationToken)).Trim(), "root")) is { } there)
        {
            return there;
        }

        var copy = $"/var/tmp/bibind-odoo-{RandomNumberGenerator.GetHexString(12, lowercase: true)}";
        await ChildProcess.MustRunAsync(["cp", "-a", "--", Path.Combine(Package, ".."), copy], "copy Odoo to where its account can run it", cancellationToken);
        await System.IO.File.WriteAllTextAsync(note, copy, cancellationToken);
        return In(Path.Combine(copy, "root"))!;
    }

    private static string Quoted(string word) => $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static OdooProgram? In(string folder)
    {
        var file = Path.GetFullPath(Path.Combine(folder, InPackage));
        return System.IO.File.Exists(file) ? new OdooProgram(file, Path.GetFullPath(folder)) : null;
    }

    /// <summary>Where set-up may have put tools.</summary>
    internal static IEnumerable<string> ToolFolders()
    {
        if (Environment.GetEnvironmentVariable(PostgresBinaries.ToolsVariable) is { Length: > 0 } tools)
        {
            yield return tools;
        }

        for (var place = new DirectoryInfo(AppContext.BaseDirectory); place is not null; place = place.Parent)
        {
            yield return Path.Combine(place.FullName, "data", "tools");
        }
    }
}
