using System.Net;
using System.Text.Json;
using Bibind.Activities.Notices;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Notices;

/// <summary>A clock that tests set.</summary>
public sealed class NoticeClock : TimeProvider
{
    private TimeSpan _ahead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

    public void Advance(TimeSpan by) => _ahead += by;
}

/// <summary>A host, a mail server and a receiver of webhooks, all real; nothing is sent until a test says so.</summary>
public sealed class NoticeWorld : IAsyncDisposable
{
    public const string MailPassword = "mail-password-0123456789";

    private NoticeWorld(ApiHost host, MailServer mail, WebhookReceiver receiver, NoticeClock clock)
    {
        Host = host;
        Mail = mail;
        Receiver = receiver;
        Clock = clock;
    }

    public ApiHost Host { get; }

    public MailServer Mail { get; }

    public WebhookReceiver Receiver { get; }

    public NoticeClock Clock { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<NoticeWorld> StartAsync(PostgresServer postgres, MailServer mail, params string[] more)
    {
        var clock = new NoticeClock();
        var host = new ApiHost(postgres)
        {
            Clock = clock,
            More =
            [
                "--Notices:Mail:Host=127.0.0.1", $"--Notices:Mail:Port={mail.Port}", $"--Notices:Mail:Security={mail.Tls}", $"--Notices:Mail:TrustedRoots={mail.Roots}",
                .. mail.User is null ? Array.Empty<string>() : [$"--Notices:Mail:User={mail.User}", $"--Notices:Mail:Password={mail.Password}"],
                "--Notices:Mail:From=noreply@bibind.test", "--Notices:Operators=ops@bibind.test", "--Notices:AllowPrivateTargets=true", "--Notices:Limit=00:00:03",
                "--Notices:Concurrency=4", .. more,
            ],
        };
        await host.InitializeAsync();
        return new NoticeWorld(host, mail, await WebhookReceiver.StartAsync(), clock);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Mail.DisposeAsync();
        await Receiver.DisposeAsync();
    }

    /// <summary>An active tenant, as an order and its job would have made it; answers its id.</summary>
    public async Task<long> AddTenantAsync(string code, string name = "Acme Ltd", string? email = "jane@acme.example", string? customerName = "Jane", string language = "en_US")
    {
        var order = JsonSerializer.Serialize(new { code, name = "Acme Ltd", offer = "odoo-shared" });
        using var answer = await Host.OrderAsync(order);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        await using var command = Host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand(
            """
            update control.tenants set name = @name, customer_email = @email, customer_name = @customer, language = @language where code = @code and state = 'provisioning' returning id
            """);
        command.Parameters.AddWithValue("name", name);
        command.Parameters.AddWithValue("email", (object?)email ?? DBNull.Value);
        command.Parameters.AddWithValue("customer", (object?)customerName ?? DBNull.Value);
        command.Parameters.AddWithValue("language", language);
        command.Parameters.AddWithValue("code", code);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    /// <summary>Makes it work for the first time.</summary>
    public Task ActivateAsync(long id, string code) =>
        Host.Services.GetRequiredService<TenantLifecycle>().ActivateAsync(id, $"provision-{code}-{id}", Token);

    public async Task<long?> RaiseAsync(Notice notice, bool commit = true)
    {
        await using var connection = await Host.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        var id = await Host.Services.GetRequiredService<INotices>().RaiseAsync(connection, transaction, notice, Token);
        if (commit)
        {
            await transaction.CommitAsync(Token);
        }

        return id;
    }

    public async Task CloseAsync(Notice notice)
    {
        await using var connection = await Host.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await Host.Services.GetRequiredService<INotices>().CloseAsync(connection, transaction, notice, Token);
        await transaction.CommitAsync(Token);
    }

    /// <summary>Sends what is due.</summary>
    public Task<int> SendAsync() => Host.Services.GetRequiredService<NoticeSender>().RunAsync(Token);

    /// <summary>Adds an endpoint; answers its id and its secret.</summary>
    public async Task<(long Id, string Secret)> AddEndpointAsync(string? url = null, params string[] kinds)
    {
        using var answer = await Host.SendAsync(
            HttpMethod.Post, "/api/webhook-endpoints", ApiHost.AdminToken, JsonSerializer.Serialize(new { url = url ?? Receiver.Url, kinds }));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var body = await ApiHost.JsonAsync(answer);
        return (body.GetProperty("endpoint").GetProperty("id").GetInt64(), body.GetProperty("secret").GetString()!);
    }

    /// <summary>A notice with every attempt.</summary>
    public async Task<JsonElement> NoticeAsync(long id)
    {
        using var answer = await Host.GetAsync($"/api/notices/{id}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await ApiHost.JsonAsync(answer);
    }

    /// <summary>The one delivery of a notice.</summary>
    public async Task<JsonElement> DeliveryAsync(long id) => Assert.Single((await NoticeAsync(id)).GetProperty("notice").GetProperty("deliveries").EnumerateArray());

    /// <summary>How the attempts at a notice's one delivery went.</summary>
    public async Task<IReadOnlyList<string>> ResultsAsync(long id) =>
        [.. Assert.Single((await NoticeAsync(id)).GetProperty("attempts").EnumerateArray()).GetProperty("items").EnumerateArray().Select(a => a.GetProperty("result").GetString()!)];

    public async Task<IReadOnlyList<MimeMessage>> LettersAsync() =>
        [.. (await Mail.MessagesAsync()).Select(m => MimeMessage.Load(new MemoryStream(m.Raw)))];

    public async Task<long> IdOfAsync(string kind) => await Host.ScalarAsync<long>($"select max(id) from control.notices where kind = '{kind}'");
}
