using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Health;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Hosting;

/// <summary>The host as it runs for users: Kestrel on a free port, a control database of its own, a server with one template.</summary>
public sealed class ApiHost(PostgresServer postgres) : IAsyncLifetime
{
    public const string ViewerToken = "viewer-token-0123456789abcdef";
    public const string ManagerToken = "manager-token-0123456789abcdef";
    public const string AdminToken = "admin-token-0123456789abcdef";
    public const string WebhookToken = "webhook-token-0123456789abcdef";
    public const string OtherWebhookToken = "other-webhook-token-0123456789abcdef";
    public const string MasterKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    public const string Server = "local";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private WebApplication? _app;

    public CapturedLogs Logs { get; } = new();

    public PostgresServer Postgres => postgres;

    /// <summary>Settings besides those that every host of the tests has.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>Services that take the place of the host's.</summary>
    public Action<IServiceCollection>? Configure { get; init; }

    /// <summary>The host's clock; the machine's unless given.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The control database's connection string; a new one unless given.</summary>
    public string ControlDatabase { get; set; } = string.Empty;

    public IServiceProvider Services => _app!.Services;

    public Uri Address => new(_app!.Urls.Single());

    /// <summary>Sends nothing that a test does not say.</summary>
    public HttpClient Client { get; private set; } = new();

    public async ValueTask InitializeAsync()
    {
        ControlDatabase = ControlDatabase.Length > 0 ? ControlDatabase : await postgres.CreateControlDatabaseAsync();
        _app = FunctionsHost.Build(Arguments(), builder =>
        {
            builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Logs);
            builder.Services.AddSingleton(ScriptedOrchestrators.Registry()).AddSingleton(Clock);
            Configure?.Invoke(builder.Services);
        });
        await _app.StartAsync();
        await UntilWorkerRunsAsync(_app);
        Client = new HttpClient { BaseAddress = Address };
    }

    /// <summary>Work begins when the host listens, a moment after its start; until then the host says that it is not ready.</summary>
    public static async Task UntilWorkerRunsAsync(IHost app)
    {
        foreach (var worker in app.Services.GetServices<IReadinessCheck>().Where(check => check.Name == "worker"))
        {
            await Eventually.UntilAsync(async () => await worker.FindFaultAsync(CancellationToken.None) is null, Patience, "the worker runs");
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
    }

    public string[] Arguments() =>
    [
        $"--ControlDatabase={ControlDatabase}",
        $"--Secrets:MasterKey={MasterKey}",
        "--Auth:Tokens:0:Name=watcher", $"--Auth:Tokens:0:Token={ViewerToken}", "--Auth:Tokens:0:Role=viewer",
        "--Auth:Tokens:1:Name=sales", $"--Auth:Tokens:1:Token={ManagerToken}", "--Auth:Tokens:1:Role=manager",
        "--Auth:Tokens:2:Name=operator", $"--Auth:Tokens:2:Token={AdminToken}", "--Auth:Tokens:2:Role=admin",
        "--OdooWebhooks:0:Name=console", $"--OdooWebhooks:0:Token={WebhookToken}",
        "--OdooWebhooks:1:Name=partner", $"--OdooWebhooks:1:Token={OtherWebhookToken}",
        "--Storage:Local:Folder=unused",
        "--Timers:Enabled=false",
        "--Platform:Domain=example.test",
        "--Backups:Nightly=false",
        "--Urls=http://127.0.0.1:0",
        $"--Seed:Server:Code={Server}",
        "--Seed:Server:Name=Local",
        "--Seed:Server:Url=http://127.0.0.1:1",
        "--Seed:Server:DatabaseHost=127.0.0.1",
        $"--Seed:Server:DatabasePort={postgres.Postgres.Port}",
        $"--Seed:Server:DatabaseUser={LocalServer.MaintenanceRole}",
        $"--Seed:Server:DatabasePassword={postgres.Postgres.PasswordOf(LocalServer.MaintenanceRole)}",
        $"--Seed:Server:ApplicationRole={LocalServer.ApplicationRole}",
        $"--Seed:Server:ApplicationPassword={postgres.Postgres.PasswordOf(LocalServer.ApplicationRole)}",
        $"--Seed:Templates:blank={PostgresServer.TemplateDatabase}",
        .. More,
    ];

    /// <summary>Sends a request; the body is JSON text.</summary>
    public Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? token = null, string? json = null, string? idempotencyKey = null, string? ifMatch = null)
    {
        var request = new HttpRequestMessage(method, path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        if (ifMatch is not null)
        {
            request.Headers.Add("If-Match", ifMatch);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        return Client.SendAsync(request);
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? token = ViewerToken) => SendAsync(HttpMethod.Get, path, token);

    public Task<HttpResponseMessage> OrderAsync(string json, string? idempotencyKey = null) =>
        SendAsync(HttpMethod.Post, "/api/tenants", ManagerToken, json, idempotencyKey);

    /// <summary>Orders a tenant that must be accepted; answers its job's id.</summary>
    public async Task<string> OrderTenantAsync(string code)
    {
        using var answer = await OrderAsync(Order(code));
        Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("job").GetString()!;
    }

    public static string Order(string code, string offer = "odoo-shared", string more = "") =>
        $$"""{"code": "{{code}}", "name": "Acme Ltd", "offer": "{{offer}}"{{more}}}""";

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) => await answer.Content.ReadFromJsonAsync<JsonElement>();

    /// <summary>Rows of everything that an order could leave behind.</summary>
    public async Task<string> CountRowsAsync()
    {
        const string Tables =
            "control.tenants control.jobs control.servers control.templates control.secrets control.idempotency_keys control.webhook_deliveries durable.instances";
        var counts = new List<string>();
        foreach (var table in Tables.Split(' '))
        {
            counts.Add($"{table}={await ScalarAsync<long>($"select count(*) from {table}")}");
        }

        return string.Join(' ', counts);
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Asks until the answer is as wanted, for a limited time.</summary>
    public Task<JsonElement> WaitAsync(string path, Func<JsonElement, bool> wanted)
    {
        return Eventually.UntilAsync(
            async () =>
            {
                using var answer = await GetAsync(path);
                return await JsonAsync(answer);
            },
            wanted, Patience, $"{path} is as wanted");
    }

    public DurableTaskClient Tasks => Services.GetRequiredService<DurableTaskClient>();

    /// <summary>Enters one more server, whose databases are at a port of this machine.</summary>
    public Task<ServerCreationResult> AddServerAsync(string code, int databasePort) => Services.GetRequiredService<ServerStore>().CreateAsync(
        new NewServer
        {
            Code = code,
            Name = code,
            Url = $"http://{code}.invalid",
            DatabaseHost = "127.0.0.1",
            DatabasePort = databasePort,
            DatabaseUser = LocalServer.MaintenanceRole,
            DatabasePassword = postgres.Postgres.PasswordOf(LocalServer.MaintenanceRole),
            ApplicationRole = LocalServer.ApplicationRole,
            ApplicationPassword = postgres.Postgres.PasswordOf(LocalServer.ApplicationRole),
        },
        "test", CancellationToken.None);
}
