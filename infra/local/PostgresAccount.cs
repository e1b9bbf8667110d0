namespace Bibind.Local;

/// <summary>The operating-system account that a server runs as: ours, unless we are root, which PostgreSQL refuses and nothing needs.</summary>
internal sealed class PostgresAccount
{
    private static readonly string[] Unprivileged = ["postgres", "nobody"];
    private static readonly string[] OdooNames = ["odoo", "nobody"];
    private readonly string? owner;
    private readonly string[] prefix;

    private PostgresAccount(string? owner, string[] prefix)
    {
        this.owner = owner;
        this.prefix = prefix;
    }

    public static PostgresAccount Current() => Of("PostgreSQL", Unprivileged);

    /// <summary>That of Odoo: another than PostgreSQL's, whose files are not its business.</summary>
    public static PostgresAccount OfOdoo() => Of("Odoo", OdooNames);

    /// <summary>The command line that runs a program as this account.</summary>
    public string[] Command(params string[] command) => [.. prefix, .. command];

    /// <summary>Gives a file or folder, with what is in it, to this account.</summary>
    public async Task OwnAsync(string path, CancellationToken cancellationToken)
    {
        if (owner is not null)
        {
            await ChildProcess.MustRunAsync(["chown", "-R", owner, path], $"give {path} to the server's account", cancellationToken);
        }
    }

    /// <summary>True if this account can enter a folder, or run a program, through all the folders above it.</summary>
    public async Task<bool> CanReachAsync(string path, CancellationToken cancellationToken) =>
        owner is null || (await ChildProcess.RunAsync(Command("test", "-x", path), cancellationToken)).Succeeded;

    private static PostgresAccount Of(string server, string[] names)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return new PostgresAccount(null, []);
        }

        var setpriv = ChildProcess.Find("setpriv")
            ?? throw new LocalServerException($"{server} does not run as root, and setpriv (package util-linux) is missing: run this as an ordinary user.");
        var accounts = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).Where(fields => fields.Length > 3).ToList();
        var account = names.Select(name => accounts.FirstOrDefault(fields => fields[0] == name)).FirstOrDefault(fields => fields is not null)
            ?? throw new LocalServerException($"{server} does not run as root, and there is no user {string.Join(" or ", names)}: run this as an ordinary user.");
        return new PostgresAccount(
            $"{account[2]}:{account[3]}",
            [setpriv, $"--reuid={account[2]}", $"--regid={account[3]}", "--clear-groups", "--"]);
    }
}
