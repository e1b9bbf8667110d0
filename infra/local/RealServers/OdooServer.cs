using System.Globalization;
using System.Security.Cryptography;

namespace Bibind.Local.RealServers;

/// <summary>What a real Odoo is told at its start.</summary>
public sealed record OdooOptions
{
    /// <summary>The PostgreSQL that it uses.</summary>
    public required string DatabaseHost { get; init; }

    public required int DatabasePort { get; init; }

    /// <summary>An ordinary role: Odoo refuses a superuser.</summary>
    public required string DatabaseUser { get; init; }

    public required string DatabasePassword { get; init; }

    /// <summary><c>%d</c> is the first label of the name that is asked for, <c>%h</c> all of it.</summary>
    public string DatabaseFilter { get; init; } = "^%d$";

    /// <summary>True lets anybody list the databases, and whoever has the master password manage them.</summary>
    public bool ListDatabases { get; init; }

    /// <summary>Threads for scheduled actions, which run in every database that the role owns.</summary>
    public int CronThreads { get; init; } = 1;

    /// <summary>Where mail goes for which a database names no server; nobody listens there unless it is set.</summary>
    public int SmtpPort { get; init; } = 1;

    /// <summary>At a cluster of ours, as the role that owns live databases.</summary>
    public static OdooOptions At(EmbeddedPostgres postgres)
    {
        ArgumentNullException.ThrowIfNull(postgres);
        return new OdooOptions
        {
            DatabaseHost = "127.0.0.1",
            DatabasePort = postgres.Port,
            DatabaseUser = LocalServer.ApplicationRole,
            DatabasePassword = postgres.PasswordOf(LocalServer.ApplicationRole),
        };
    }
}

/// <summary>
/// A real Odoo on a free port of 127.0.0.1: one process for all databases, which goes by the name that is asked for and trusts
/// the proxy before it. Run by root it is another account's, and so are its files.
/// </summary>
public sealed class OdooServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly OdooProgram _program;
    private readonly PostgresAccount _account;
    private readonly OdooOptions _options;
    private readonly HttpClient _http = new();
    private readonly string _folder = ServerFolder.New();
    private readonly int _port = FreePorts.Next();
    private readonly int _liveChatPort = FreePorts.Next();
    private readonly Stack<RunningServer> _processes = [];

    private OdooServer(OdooProgram program, PostgresAccount account, OdooOptions options) =>
        (_program, _account, _options) = (program, account, options);

    public Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}"));

    /// <summary>Lets whoever knows it manage databases, where they may be listed.</summary>
    public string MasterPassword { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Odoo's <c>data_dir</c>.</summary>
    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>The folder with a folder of files for each database.</summary>
    public string FileStore => Path.Combine(DataFolder, "filestore");

    /// <summary>As <c>odoo-bin</c>: with the same files, run by the same account, its database as the options say.</summary>
    public string Program => Path.Combine(_folder, "odoo-bin");

    /// <summary>Its configuration, with the password in it; only the account may read it.</summary>
    public string ConfigurationFile => Path.Combine(_folder, "odoo.conf");

    /// <summary>What it says.</summary>
    public string LogFile => Path.Combine(_folder, "odoo.output");

    public int ProcessId => _processes.Peek().ProcessId;

    /// <summary>What tells its databases from those of another Odoo.</summary>
    public string Version => _program.Version;

    /// <exception cref="LocalServerException">There is no Odoo here, or it did not start; says why.</exception>
    public static async Task<OdooServer> StartAsync(OdooOptions options, CancellationToken cancellationToken = default)
    {
        var account = PostgresAccount.OfOdoo();
        var program = OdooProgram.Find() ?? throw new LocalServerException(OdooProgram.Missing);
        var server = new OdooServer(await program.ReachableAsync(account, cancellationToken), account, options);
        await server.PrepareAsync(cancellationToken);
        await server.StartAgainAsync(cancellationToken);
        return server;
    }

    /// <summary>Starts it where it was, after <see cref="StopAsync"/>.</summary>
    public async Task StartAgainAsync(CancellationToken cancellationToken = default)
    {
        // The first one's watchdog takes the folder with it, at the very end.
        var process = await RunningServer.StartAsync(
            "odoo", _folder, ["/bin/sh", Program, "-c", ConfigurationFile], deleteFolder: _processes.Count == 0, cancellationToken: cancellationToken);
        _processes.Push(process);
        await process.IsReadyAsync(AnswersAsync, StartLimit, cancellationToken);
    }

    /// <summary>Kills it; its files stay.</summary>
    public Task StopAsync() => _processes.Peek().KillAsync();

    /// <summary>Runs the program to its end, with its server's configuration and these arguments.</summary>
    /// <exception cref="LocalServerException">It failed; the end of what it wrote.</exception>
    public async Task RunAsync(IReadOnlyList<string> arguments, string purpose, CancellationToken cancellationToken = default) =>
        await ChildProcess.MustRunAsync(["/bin/sh", Program, "-c", ConfigurationFile, .. arguments], purpose, cancellationToken);

    /// <summary>Gives files to the account that it runs as.</summary>
    public Task OwnAsync(string path, CancellationToken cancellationToken = default) => _account.OwnAsync(path, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        while (_processes.TryPop(out var process))
        {
            await process.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(FileStore);
        ClusterFolder.WritePrivate(ConfigurationFile, Configuration());
        ClusterFolder.WritePrivate(Program, _program.Script(_account, _folder, $"--data-dir={DataFolder}"));
        File.SetUnixFileMode(Program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await OwnAsync(_folder, cancellationToken);
    }

    private string Configuration() => string.Create(CultureInfo.InvariantCulture, $"""
        [options]
        db_host = {_options.DatabaseHost}
        db_port = {_options.DatabasePort}
        db_user = {_options.DatabaseUser}
        db_password = {_options.DatabasePassword}
        dbfilter = {_options.DatabaseFilter}
        list_db = {_options.ListDatabases}
        admin_passwd = {MasterPassword}
        proxy_mode = True
        http_interface = 127.0.0.1
        http_port = {_port}
        gevent_port = {_liveChatPort}
        workers = 0
        max_cron_threads = {_options.CronThreads}
        data_dir = {DataFolder}
        smtp_server = 127.0.0.1
        smtp_port = {_options.SmtpPort}

        """);

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(Url, "/web/health"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
