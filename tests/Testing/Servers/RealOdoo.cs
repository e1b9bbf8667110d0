using Bibind.Local;
using Bibind.Local.RealServers;
using Npgsql;

namespace Bibind.Testing.Servers;

/// <summary>
/// One real Odoo for all tests of a process, at the cluster of <see cref="PostgresFixture"/>, with a template of a few modules in
/// English, French and German. Tests clone databases of their own. Call <see cref="GetAsync"/> inside a test (or its <c>InitializeAsync</c>):
/// where there is no Odoo the test is skipped with the reason, and as root, who could fetch it, it fails.
/// </summary>
public sealed class RealOdoo
{
    /// <summary>The template's database: marked as one and closed, as in production; its administrator is <c>admin</c>, password <c>admin</c>.</summary>
    public const string Template = "template_odoo";

    /// <summary>Login and password of the administrator in a clone.</summary>
    public const string Administrator = "admin";

    // As xunit has it for tests that find out only while they run that they cannot.
    private const string Skip = "$XunitDynamicSkip$";
    private static readonly TimeSpan LongestGoodbye = TimeSpan.FromSeconds(2);
    private static readonly Lazy<Task<RealOdoo>> Shared = new(StartAsync);

    private RealOdoo(EmbeddedPostgres postgres, OdooServer server)
    {
        Postgres = postgres;
        Server = server;
        Client = new OdooClient(server.Url);
    }

    public EmbeddedPostgres Postgres { get; }

    /// <summary>The process: its address, file store, <c>odoo-bin</c> and log.</summary>
    public OdooServer Server { get; }

    /// <summary>Calls it by JSON-RPC.</summary>
    public OdooClient Client { get; }

    public static Task<RealOdoo> GetAsync()
    {
        Require();
        return Shared.Value;
    }

    /// <summary>Ends the test where there is no Odoo: skipped, or, as root, failed.</summary>
    /// <exception cref="LocalServerException">There is none.</exception>
    public static void Require()
    {
        if (OdooProgram.Find() is null)
        {
            throw new LocalServerException((Environment.IsPrivilegedProcess ? "" : Skip) + OdooProgram.Missing);
        }
    }

    /// <summary>A second process at the same cluster with options of its own; it lists the same databases and has its own file store.</summary>
    public static async Task<OdooServer> StartAnotherAsync(Func<OdooOptions, OdooOptions> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return await OdooServer.StartAsync(change(OdooOptions.At((await GetAsync()).Postgres)));
    }

    /// <summary>A live database with files, cloned from the template and owned by the application's role; made as a person would, without the product.</summary>
    public async Task<OdooDatabase> CloneAsync()
    {
        var name = $"t{Guid.NewGuid():N}"[..20];
        await using (var connection = new NpgsqlConnection(Sql.Unpooled(Postgres.SuperuserConnectionString)))
        {
            await connection.OpenAsync();
            await Sql.RunAsync(
                connection, $"CREATE DATABASE {Sql.Name(name)} TEMPLATE {Sql.Name(Template)} OWNER {Sql.Name(LocalServer.ApplicationRole)}", CancellationToken.None);
        }

        var files = Path.Combine(Server.FileStore, name);
        await ChildProcess.MustRunAsync(["cp", "-R", "--", Path.Combine(Server.FileStore, Template), files], "copy the template's files", CancellationToken.None);
        await Server.OwnAsync(files);
        return new OdooDatabase(this, name);
    }

    /// <summary>Opens the login page of a database and signs in, straight at the process, by the name that its filter wants.</summary>
    public OdooVisitor Visit(string database) => OdooVisitor.Of(Server.Url, $"{database}.odoo.test");

    private static async Task<RealOdoo> StartAsync()
    {
        var postgres = await PostgresFixture.GetAsync();
        var server = await OdooServer.StartAsync(OdooOptions.At(postgres));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.DisposeAsync().AsTask().Wait(LongestGoodbye);
        await OdooDatabases.MakeAsync(postgres, server, Template, OdooRecipe.Small);
        await using var connection = new NpgsqlConnection(Sql.Unpooled(postgres.SuperuserConnectionString));
        await connection.OpenAsync();
        await Sql.RunAsync(
            connection,
            $"ALTER DATABASE {Sql.Name(Template)} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false; "
            + $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {Sql.Literal(Template)}",
            CancellationToken.None);
        await LocalServer.GiveToMaintenanceAsync(connection, Template, CancellationToken.None);
        return new RealOdoo(postgres, server);
    }
}

/// <summary>A live database of one test's own; dropped, with its files, at the end.</summary>
public sealed class OdooDatabase : IAsyncDisposable
{
    private readonly RealOdoo _odoo;

    internal OdooDatabase(RealOdoo odoo, string name) => (_odoo, Name) = (odoo, name);

    public string Name { get; }

    /// <summary>Its folder below the process's file store.</summary>
    public string Files => Path.Combine(_odoo.Server.FileStore, Name);

    /// <summary>As the application's role, which owns it.</summary>
    public string ConnectionString => _odoo.Postgres.ConnectionString(Name, LocalServer.ApplicationRole);

    /// <summary>By JSON-RPC as its administrator.</summary>
    public Task<OdooSession> SignInAsync() => _odoo.Client.SignInAsync(Name, RealOdoo.Administrator, RealOdoo.Administrator);

    public async ValueTask DisposeAsync()
    {
        await using var connection = new NpgsqlConnection(Sql.Unpooled(_odoo.Postgres.SuperuserConnectionString));
        await connection.OpenAsync();
        await Sql.RunAsync(connection, $"DROP DATABASE IF EXISTS {Sql.Name(Name)} WITH (FORCE)", CancellationToken.None);
        if (Directory.Exists(Files))
        {
            Directory.Delete(Files, recursive: true);
        }
    }
}
