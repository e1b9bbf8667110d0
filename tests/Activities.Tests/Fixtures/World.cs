using System.Globalization;
using Bibind.Activities.Credentials;
using Bibind.Activities.Registration;
using Bibind.Activities.Storage;
using Bibind.Activities.Worker;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Plans;
using Bibind.ControlPlane.Pools;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>The effects as a host would hold them, over a real PostgreSQL and a folder of their own.</summary>
internal sealed class World : IAsyncDisposable
{
    private static long s_lastTenant = Random.Shared.Next(1_000_000);

    private readonly ServiceProvider _services;
    private readonly List<string> _folders = [];

    private World(EmbeddedPostgres postgres, string folder, ServiceProvider services)
    {
        Postgres = postgres;
        Folder = folder;
        _folders.Add(folder);
        _services = services;
    }

    public EmbeddedPostgres Postgres { get; }

    /// <summary>Deleted at the end.</summary>
    public string Folder { get; }

    public OneServer Server => (OneServer)_services.GetRequiredService<IServerDirectory>();

    public MemorySecrets Secrets => (MemorySecrets)_services.GetRequiredService<ISecretStore>();

    public MemoryBackups Backups => (MemoryBackups)_services.GetRequiredService<IBackupCatalogue>();

    public MemoryDatabases Databases => (MemoryDatabases)_services.GetRequiredService<IDatabaseRegister>();

    public MemoryTemplates Templates => (MemoryTemplates)_services.GetRequiredService<ITemplateDirectory>();

    public MemoryPools Pools => (MemoryPools)_services.GetRequiredService<IWarmPools>();

    public MemoryCloneTimes CloneTimes => (MemoryCloneTimes)_services.GetRequiredService<ICloneTimes>();

    public RecordedLogs Logs => _services.GetRequiredService<RecordedLogs>();

    public IObjectStore Store => _services.GetRequiredService<IObjectStore>();

    public static async Task<World> CreateAsync(params (string Key, string? Value)[] settings) => Create(await OdooTemplateFixture.GetAsync(), settings);

    /// <summary>The same over another cluster.</summary>
    public static World Create(EmbeddedPostgres postgres, params (string Key, string? Value)[] settings)
    {
        var folder = PostgresFixture.NewFolder();
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Storage:Local:Folder"] = Path.Combine(folder, "objects"),
                ["Credentials:PoolSize"] = "0",
            })
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, s.Value)))
            .Build();
        var logs = new RecordedLogs();
        var services = new ServiceCollection()
            .AddSingleton<IServerDirectory>(new OneServer(Connect(postgres)))
            .AddSingleton<ISecretStore, MemorySecrets>()
            .AddSingleton<IBackupCatalogue, MemoryBackups>()
            .AddSingleton<IDatabaseRegister, MemoryDatabases>()
            .AddSingleton<ITenantDomains, MemoryDomains>()
            .AddSingleton<ISuspensions, MemorySuspensions>()
            .AddSingleton<ISupportAccounts, MemorySupport>()
            .AddSingleton<ITemplateDirectory, MemoryTemplates>()
            .AddSingleton<IPlanLimits, MemoryPlans>()
            .AddSingleton<IWarmPools, MemoryPools>()
            .AddSingleton<IMovedCopies, MemoryCopies>()
            .AddSingleton<ICloneTimes, MemoryCloneTimes>()
            .AddSingleton(NpgsqlDataSource.Create(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole)))
            .AddSingleton(logs)
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs))
            .AddActivities(configuration)
            .BuildServiceProvider(new ServiceProviderOptions { ValidateScopes = true });
        return new World(postgres, folder, services);
    }

    /// <summary>Runs one attempt of an effect.</summary>
    public Task<TOut> RunAsync<TActivity, TIn, TOut>(TIn input, CancellationToken cancellationToken = default)
        where TActivity : TaskActivity<TIn, TOut> =>
        ActivatorUtilities.CreateInstance<TActivity>(_services)
            .RunAsync(new DurableActivityContext("test", typeof(TActivity).Name, 1, 1, cancellationToken), input);

    /// <summary>Runs one attempt of an effect on a tenant that answers nothing.</summary>
    public Task RunAsync<TActivity>(TenantDescriptor place)
        where TActivity : TaskActivity<TenantDescriptor, Unit> => RunAsync<TActivity, TenantDescriptor, Unit>(place);

    /// <summary>The host's services.</summary>
    public IServiceProvider Services => _services;

    /// <summary>A service of the host.</summary>
    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>A tenant that nobody else has.</summary>
    public static TenantDescriptor NewPlace()
    {
        var id = Interlocked.Increment(ref s_lastTenant);
        var code = string.Create(CultureInfo.InvariantCulture, $"acme{id}");
        return new TenantDescriptor
        {
            TenantId = id,
            JobId = $"provision-{code}",
            Code = code,
            Name = "Acme & Söhne",
            CustomerName = "Ada O'Neill",
            CustomerEmail = $"ada@{code}.example.org",
            Offer = "odoo",
            Plan = "starter",
            ServerId = 1,
            ServerCode = "srv-1",
            Database = code,
            TemplateCode = "blank",
            TemplateDatabase = OdooTemplateFixture.Database,
            TemplateVersion = "v1",
            Host = $"{code}.example.com",
            BaseUrl = $"https://{code}.example.com",
            Bucket = $"bibind-{code}",
            Locale = new TenantLocale { Language = "fr_FR", TimeZone = "Europe/Paris", Currency = "CHF", Vat = "FR23334175221" },
        };
    }

    /// <summary>A clone with passwords, configured or not; the passwords' hash is cheap.</summary>
    public async Task<TenantDescriptor> CloneAsync(TenantDescriptor? place = null)
    {
        place ??= NewPlace();
        Secrets.Values[TenantSecrets.Administrator(place.TenantId)] = "administrator-password";
        Secrets.Values[TenantSecrets.AdministratorHash(place.TenantId)] = PasslibPbkdf2Sha512.Hash("administrator-password", rounds: 1000);
        Secrets.Values[TenantSecrets.User(place.TenantId)] = "standard-user-password";
        await RunAsync<Activities.Database.Lifecycle.CloneDatabase, TenantDescriptor, CloneResult>(place);
        return place;
    }

    /// <summary>Makes the database of the tenant's name, which a test made by hand, the tenant's own.</summary>
    public async Task AdoptAsync(TenantDescriptor place)
    {
        var oid = await AskAsync<uint>($"select oid from pg_database where datname = '{place.Database}'");
        Databases.Known.Clear();
        await Databases.RecordAsync(
            new KnownDatabase
            {
                ServerId = place.ServerId,
                Oid = oid,
                Name = place.Database,
                Holder = DatabaseHolder.Tenant(place.TenantId),
                Purpose = DatabasePurposes.Current,
            },
            CancellationToken.None);
    }

    /// <summary>Runs a statement as superuser.</summary>
    public async Task ExecuteAsync(string sql, string database = "postgres")
    {
        await using var connection = await OpenAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs statements in a tenant's database as the application does, so that what they make belongs to it.</summary>
    public Task ExecuteAsApplicationAsync(string sql, string database) => ExecuteAsync(
        $"grant create on schema public to {LocalServer.ApplicationRole}; set role {LocalServer.ApplicationRole}; {sql}", database);

    /// <summary>Asks for one value as superuser.</summary>
    public async Task<T?> AskAsync<T>(string sql, string database = "postgres")
    {
        await using var connection = await OpenAsync(database);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>An unpooled connection, as superuser unless another is named.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string database, string? user = null, string applicationName = "test")
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(Postgres.ConnectionString(database, user))
        {
            Pooling = false,
            ApplicationName = applicationName,
        }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public Task<bool> DatabaseExistsAsync(string name) =>
        AskAsync<bool>($"select exists (select from pg_database where datname = '{name}')");

    /// <summary>Deletes a folder together with the world.</summary>
    public void DeleteAtEnd(string folder) => _folders.Add(folder);

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        _folders.ForEach(folder => Directory.Delete(folder, recursive: true));
    }

    private static ServerConnection Connect(EmbeddedPostgres postgres) => new()
    {
        ServerId = 1,
        Code = "srv-1",
        Url = new Uri($"http://127.0.0.1:{FreePorts.Next()}"),
        DatabaseHost = "127.0.0.1",
        DatabasePort = postgres.Port,
        DatabaseUser = LocalServer.MaintenanceRole,
        DatabasePassword = postgres.PasswordOf(LocalServer.MaintenanceRole),
        ApplicationRole = LocalServer.ApplicationRole,
        ApplicationPassword = postgres.PasswordOf(LocalServer.ApplicationRole),
        MasterPassword = "master-password",
    };
}
