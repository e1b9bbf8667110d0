using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Idempotency;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Registration;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Webhooks;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs.InMemory;
using Dapper;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.ControlPlane.Tests;

/// <summary>The control plane as a host composes it, on a database of its own.</summary>
public sealed class TestPlane : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public TestPlane(NpgsqlDataSource database, params (string Key, string Value)[] settings)
    {
        var values = new Dictionary<string, string?>
        {
            ["Platform:Domain"] = "example.com",
            ["Secrets:MasterKey"] = Convert.ToBase64String(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()),
        };
        foreach (var (key, value) in settings)
        {
            values[key] = value;
        }

        _services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(database)
            .AddSingleton<DurableTaskClient>(new TaskHubClient(new InMemoryTaskHub()))
            .AddControlPlane(new ConfigurationBuilder().AddInMemoryCollection(values).Build())
            .BuildServiceProvider();
        Database = database;
    }

    public NpgsqlDataSource Database { get; }
    public LocalSecretStore Secrets => Get<LocalSecretStore>();
    public ServerStore Servers => Get<ServerStore>();
    public TemplateStore Templates => Get<TemplateStore>();
    public Reservations Reservations => Get<Reservations>();
    public TenantStore Tenants => Get<TenantStore>();
    public TenantLifecycle Lifecycle => Get<TenantLifecycle>();
    public JobStore Jobs => Get<JobStore>();
    public IBackupCatalogue Backups => Get<IBackupCatalogue>();
    public IdempotencyStore Idempotency => Get<IdempotencyStore>();
    public WebhookDeliveries Webhooks => Get<WebhookDeliveries>();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>An active server; with the blank template ready unless told otherwise.</summary>
    public async Task<Server> AddServerAsync(string code = "odoo-1", int maxTenants = 100, bool withTemplate = true)
    {
        await Servers.CreateAsync(NewServer(code, maxTenants), "test", CancellationToken.None);
        await Servers.ActivateAsync(code, "test", "first use", CancellationToken.None);
        if (withTemplate)
        {
            await Templates.AttachAsync(new NewTemplate { Code = "blank", Server = code, RequestedBy = "test" }, "hash-1", 44_000_000, CancellationToken.None);
        }

        return (await Servers.FindAsync(code, CancellationToken.None))!;
    }

    public static NewServer NewServer(string code = "odoo-1", int maxTenants = 100) => new()
    {
        Code = code,
        Name = $"Server {code}",
        Url = $"http://{code}.internal:8069",
        DatabasePassword = "db-pass-word",
        ApplicationPassword = "application-pass-word",
        MaxTenants = maxTenants,
    };

    public static TenantOrder Order(string code = "acme", string offer = "odoo-shared") =>
        new() { Code = code, Name = "Acme SAS", CustomerEmail = "jane@acme.example", Offer = offer, RequestedBy = "console" };

    /// <summary>Reserves and commits, as a door does.</summary>
    public Task<ReservationResult> ReserveAsync(TenantOrder order) =>
        InTransactionAsync((c, t) => Reservations.ReserveAsync(c, t, order, CancellationToken.None));

    public async Task<Reservation> MustReserveAsync(string code = "acme", string offer = "odoo-shared") =>
        Assert.IsType<Reservation>(await ReserveAsync(Order(code, offer)));

    public async Task<Reservation> MustProvisionAsync(string code = "acme")
    {
        var reservation = await MustReserveAsync(code);
        await Lifecycle.ActivateAsync(reservation.TenantId, reservation.JobId, CancellationToken.None);
        return reservation;
    }

    public Task<TerminationResult> BeginTerminatingAsync(string code) =>
        InTransactionAsync((c, t) => Lifecycle.BeginTerminatingAsync(c, t, code, "console", CancellationToken.None));

    public async Task<T> InTransactionAsync<T>(Func<NpgsqlConnection, NpgsqlTransaction, Task<T>> work)
    {
        await using var connection = await Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var result = await work(connection, transaction);
        await transaction.CommitAsync();
        return result;
    }

    public async Task<T?> ScalarAsync<T>(string sql)
    {
        await using var connection = await Database.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<T>(sql, commandTimeout: 120);
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Database.DisposeAsync();
    }
}
