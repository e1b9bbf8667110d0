using System.Net;
using System.Text;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>A host listens although its control database is away, says so, and works when it comes.</summary>
public sealed class StartWithoutDatabaseTests(PostgresServer postgres)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("kestrel")]
    [InlineData("webadapter")]
    public async Task A_host_answers_503_until_its_database_comes_and_then_takes_orders(string kind)
    {
        await using var world = await World.StartAsync(postgres, kind);

        using var live = await world.Client.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        using var ready = await world.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        using var document = await world.Client.GetAsync(new Uri("/openapi/v1.json", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, document.StatusCode);
        using var refused = await world.OrderAsync("early");
        await ProblemAssert.IsAsync(refused, HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.NotNull(refused.Headers.RetryAfter);

        await world.ComeAsync();

        // The request itself finds the database; a busy machine may need longer for the schema than a caller is kept waiting.
        var ordered = await Eventually.UntilAsync(
            async () =>
            {
                using var answer = await world.OrderAsync("late");
                return answer.StatusCode;
            },
            status => status != HttpStatusCode.ServiceUnavailable, Patience, "the order is taken");
        Assert.Equal(HttpStatusCode.Accepted, ordered);
        await Eventually.UntilAsync(
            async () =>
            {
                using var answer = await world.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
                return answer.StatusCode == HttpStatusCode.OK || kind == "webadapter";
            },
            Patience, "the host is ready");
    }

    [Fact]
    public async Task A_job_that_was_ordered_after_a_late_start_is_worked_on()
    {
        await using var world = await World.StartAsync(postgres, "kestrel");
        await world.ComeAsync();
        using var accepted = await world.OrderAsync("worked");

        await Eventually.UntilAsync(
            async () => await world.CountAsync("select count(*) from durable.history") > 0, Patience, "the worker has taken it up");
    }

    [Fact]
    public async Task A_wrong_password_ends_the_start_in_words()
    {
        var connection = new NpgsqlConnectionStringBuilder(await postgres.CreateControlDatabaseAsync()) { Password = "not-the-one" }.ConnectionString;
        await using var app = World.Build(postgres, connection, "kestrel");

        var refused = await Assert.ThrowsAsync<Startup.StartException>(() => app.StartAsync());

        Assert.Contains("ControlDatabase", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A host that was started while its database took no connections.</summary>
    private sealed class World(PostgresServer postgres, WebApplication app, string connection) : IAsyncDisposable
    {
        public HttpClient Client { get; } = new() { BaseAddress = new Uri(app.Urls.Single()) };

        private string Database { get; } = new NpgsqlConnectionStringBuilder(connection).Database!;

        public static async Task<World> StartAsync(PostgresServer postgres, string kind)
        {
            var connection = await postgres.CreateControlDatabaseAsync();
            await postgres.RunAsync($"ALTER DATABASE {new NpgsqlConnectionStringBuilder(connection).Database} ALLOW_CONNECTIONS false");
            var app = Build(postgres, connection, kind);
            await app.StartAsync().WaitAsync(Patience);
            return new World(postgres, app, connection);
        }

        public static WebApplication Build(PostgresServer postgres, string connection, string kind) => FunctionsHost.Build(
            [
                .. new ApiHost(postgres).Arguments(), $"--ControlDatabase={connection}", $"--Hosting:Kind={kind}",
                .. kind == "kestrel" ? Array.Empty<string>() : ["--Queues:Sqs:QueueUrlPrefix=http://127.0.0.1:9/queue/", "--Queues:Sqs:Region=none", "--Queues:Sqs:AccessKeyId=none", "--Queues:Sqs:SecretAccessKey=none"],
            ],
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton(ScriptedOrchestrators.Registry());
            });

        public Task ComeAsync() => postgres.RunAsync($"ALTER DATABASE {Database} ALLOW_CONNECTIONS true");

        public async Task<HttpResponseMessage> OrderAsync(string code)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/tenants") { Content = new StringContent(ApiHost.Order(code), Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new("Bearer", ApiHost.ManagerToken);
            return await Client.SendAsync(request);
        }

        public async Task<long> CountAsync(string sql)
        {
            await using var source = NpgsqlDataSource.Create(connection);
            await using var command = source.CreateCommand(sql);
            return (long)(await command.ExecuteScalarAsync())!;
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }
}
