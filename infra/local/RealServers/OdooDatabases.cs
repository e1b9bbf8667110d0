using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Bibind.Local.RealServers;

/// <summary>What a database of Odoo's is made of.</summary>
/// <param name="Modules">Installed, with what they need.</param>
/// <param name="Languages">Offered; the first is the administrator's. English is not unless it is named.</param>
public sealed record OdooRecipe(IReadOnlyList<string> Modules, IReadOnlyList<string> Languages)
{
    /// <summary>The smallest that the product takes for a template, in three languages.</summary>
    public static OdooRecipe Small { get; } = new(["base", "web", "mail", "portal"], ["en_US", "fr_FR", "de_DE"]);
}

/// <summary>
/// Makes databases with the program of a real Odoo, which takes half a minute, and keeps what was made below <c>data/tools</c>: the
/// next one of the same recipe, made by the same Odoo, is there in seconds.
/// </summary>
public static class OdooDatabases
{
    // Part of the name of what is kept: changed when it is made in another way.
    private const int Format = 1;
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LockLimit = TimeSpan.FromMinutes(10);

    /// <summary>Makes a database, owned by the application's role, with its files; login and password are <c>admin</c>.</summary>
    /// <returns>True if it was restored from what was kept.</returns>
    public static async Task<bool> MakeAsync(
        EmbeddedPostgres postgres, OdooServer odoo, string database, OdooRecipe recipe, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(postgres);
        ArgumentNullException.ThrowIfNull(odoo);
        ArgumentNullException.ThrowIfNull(recipe);
        if (KeptIn(postgres, odoo, recipe) is not { } kept)
        {
            await InstallAsync(odoo, database, recipe, cancellationToken);
            return false;
        }

        using var held = await LockAsync($"{kept}.lock", cancellationToken);
        if (Directory.Exists(kept))
        {
            await RestoreAsync(postgres, odoo, database, kept, cancellationToken);
            return true;
        }

        await InstallAsync(odoo, database, recipe, cancellationToken);
        await KeepAsync(postgres, odoo, database, kept, cancellationToken);
        return false;
    }

    private static async Task InstallAsync(OdooServer odoo, string database, OdooRecipe recipe, CancellationToken cancellationToken) =>
        await odoo.RunAsync(
            [
                "-d", database, "-i", string.Join(',', recipe.Modules), "--without-demo=True", $"--load-language={string.Join(',', recipe.Languages)}",
                "--stop-after-init", "--no-http", "--max-cron-threads=0",
            ],
            $"make the database {database} with Odoo", cancellationToken);

    private static async Task KeepAsync(EmbeddedPostgres postgres, OdooServer odoo, string database, string kept, CancellationToken cancellationToken)
    {
        var unfinished = $"{kept}.new";
        await ChildProcess.MustRunAsync(["rm", "-rf", "--", unfinished], "clear an unfinished copy", cancellationToken);
        Directory.CreateDirectory(unfinished, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await RunPostgresAsync(postgres, "pg_dump", ["-Fc", "-Z1", "-O", "-x", "-f", Path.Combine(unfinished, "database"), "-d", database], cancellationToken);
        await ChildProcess.MustRunAsync(["cp", "-R", "--", Path.Combine(odoo.FileStore, database), Path.Combine(unfinished, "files")], "keep the files of Odoo", cancellationToken);
        Directory.Move(unfinished, kept);
    }

    private static async Task RestoreAsync(EmbeddedPostgres postgres, OdooServer odoo, string database, string kept, CancellationToken cancellationToken)
    {
        await using (var connection = new NpgsqlConnection(Sql.Unpooled(postgres.SuperuserConnectionString)))
        {
            await connection.OpenAsync(cancellationToken);
            await Sql.RunAsync(
                connection,
                $"CREATE DATABASE {Sql.Name(database)} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' OWNER {Sql.Name(LocalServer.ApplicationRole)}",
                cancellationToken);
        }

        await RunPostgresAsync(postgres, "pg_restore", ["-e", "-j2", "-O", "-x", "--no-comments", "-d", database, Path.Combine(kept, "database")], cancellationToken);
        var files = Path.Combine(odoo.FileStore, database);
        await ChildProcess.MustRunAsync(["cp", "-R", "--", Path.Combine(kept, "files"), files], "restore the files of Odoo", cancellationToken);
        await odoo.OwnAsync(files, cancellationToken);
        await using var restored = new NpgsqlConnection(Sql.OtherDatabase(postgres.SuperuserConnectionString, database));
        await restored.OpenAsync(cancellationToken);
        await Sql.RunAsync(restored, "ANALYZE", cancellationToken);
    }

    /// <summary>As the role that owns the database; its password is in no argument.</summary>
    private static async Task RunPostgresAsync(EmbeddedPostgres postgres, string program, string[] arguments, CancellationToken cancellationToken) =>
        await ChildProcess.MustRunAsync(
            [
                Path.Combine(postgres.Binaries.Folder, program), "-h", "127.0.0.1", "-p", postgres.Port.ToString(CultureInfo.InvariantCulture),
                "-U", LocalServer.ApplicationRole, .. arguments,
            ],
            $"copy a database of Odoo ({program})", cancellationToken,
            new Dictionary<string, string> { ["PGPASSWORD"] = postgres.PasswordOf(LocalServer.ApplicationRole) });

    /// <summary>Where it is kept; null where nothing can be.</summary>
    private static string? KeptIn(EmbeddedPostgres postgres, OdooServer odoo, OdooRecipe recipe)
    {
        if (postgres.Binaries.PgDump is not { } pgDump || OdooProgram.ToolFolders().FirstOrDefault(Directory.Exists) is not { } tools)
        {
            return null;
        }

        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Format}\n{odoo.Version}\n{pgDump}\n{string.Join(',', recipe.Modules)}\n{string.Join(',', recipe.Languages)}");
        var folder = Path.Combine(tools, "odoo-templates");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16]);
    }

    /// <summary>Several processes may want the same one: the first makes it.</summary>
    private static async Task<FileStream> LockAsync(string file, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (watch.Elapsed < LockLimit)
            {
                await Task.Delay(LockPause, cancellationToken);
            }
        }
    }
}
