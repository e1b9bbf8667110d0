using System.Globalization;
using System.Net;
using System.Text.Json;
using Bibind.Activities.Services;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Queues;

/// <summary>The host with both brokers on: whichever brings a message of billing, it takes effect once.</summary>
public sealed class BillingQueueTests(PostgresServer postgres) : IAsyncLifetime
{
    private const string Queue = "billing";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private AzuriteServer? _azurite;
    private ElasticMqServer? _elasticMq;
    private ApiHost? _host;
    private SqsBroker? _sqs;
    private StorageBroker? _storage;

    public async ValueTask InitializeAsync()
    {
        _azurite = await AzuriteServer.StartAsync();
        _elasticMq = await ElasticMqServer.StartAsync();
        _storage = new StorageBroker(new StorageQueueSettings(_azurite.ConnectionString, Base64: true, TimeSpan.FromSeconds(1)));
        _sqs = new SqsBroker(new SqsSettings(_elasticMq.QueueUrlPrefix, "elasticmq", new AwsCredentials("key", "secret"), TimeSpan.Zero));
        _host = new ApiHost(postgres)
        {
            More =
            [
                $"--Queues:AzureStorage:ConnectionString={_azurite.ConnectionString}",
                "--Queues:AzureStorage:LongestPause=00:00:00.2",
                $"--Queues:Sqs:QueueUrlPrefix={_elasticMq.QueueUrlPrefix}",
                "--Queues:Sqs:Region=elasticmq",
                // ElasticMQ does not look at messages that become visible again until a long poll has ended.
                "--Queues:Sqs:WaitTime=00:00:01",
                "--Queues:Sqs:AccessKeyId=the-key-id",
                "--Queues:Sqs:SecretAccessKey=the-secret-key",
                "--Queues:RetryDelay=00:00:01",
                "--Queues:MaxAttempts=20",
                "--Queues:LongestRetryDelay=00:00:01",
            ],
        };
        await _host.InitializeAsync();
        await UntilReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }

        _sqs?.Dispose();
        await (_azurite?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_elasticMq?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Fact]
    public async Task Messages_twice_over_two_brokers_and_in_any_order_take_effect_once_each()
    {
        const int Tenants = 10;
        var orders = from tenant in Enumerable.Range(1, Tenants)
                     from copy in Enumerable.Range(1, 5)
                     select (tenant, copy);
        await Task.WhenAll(orders.OrderBy(_ => Random.Shared.Next()).Select(o => SendAsync(
            o.copy % 2 == 0,
            BillingMessagesTests.Message($"order-{o.tenant}", "subscription.created", $"tenant-{o.tenant}", 1, """{"offer": "odoo-shared", "name": "Acme"}"""))));
        await Eventually.UntilAsync(
            () => _host!.ScalarAsync<long>("select count(*) from control.billing_inbox where state = 'done'"), count => count == Tenants, Patience, "all are done");
        await EmptyAsync();
        Assert.Equal(Tenants, await _host!.ScalarAsync<long>("select count(*) from control.jobs"));
        Assert.Equal(Tenants, await _host.ScalarAsync<long>("select count(distinct instance_id) from durable.instances where instance_id like 'provision-%'"));

        await CancelledInTheWrongOrderAsync();
        await UnreadableAsync(sqs: true);
        await UnreadableAsync(sqs: false);
        Assert.DoesNotContain("the-secret-key", _host.Logs.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("AccountKey=", _host.Logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_control_database_is_away_messages_stay_at_the_broker()
    {
        var name = new NpgsqlConnectionStringBuilder(_host!.ControlDatabase).Database;
        await postgres.RunAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS false");
        try
        {
            await postgres.RunAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            await Task.WhenAll(Enumerable.Range(1, 30).Select(i => SendAsync(
                i % 2 == 0, BillingMessagesTests.Message($"kept-{i}", "invoice.paid", $"tenant-{i}", 1, "{}"))));
            await Eventually.UntilAsync(() => _host.Logs.Text.Contains("no messages are taken until it is back", StringComparison.Ordinal), Patience, "it is noticed");
        }
        finally
        {
            await postgres.RunAsync($"ALTER DATABASE {name} ALLOW_CONNECTIONS true");
        }

        await Eventually.UntilAsync(
            () => _host.ScalarAsync<long>("select count(*) from control.billing_inbox where state = 'waiting'"), count => count == 30, Patience, "all are kept");
        foreach (var poison in new[] { Broker(true), Broker(false) }.Select(b => b.Open(PoisonQueue.NameOf(Queue))))
        {
            Assert.Empty(await poison.ReceiveAsync(1, TimeSpan.FromSeconds(1), default));
        }
    }

    private async Task CancelledInTheWrongOrderAsync()
    {
        await SendAsync(true, BillingMessagesTests.Message("end-early", "subscription.cancelled", "hasty", 2, """{"finalBackup": false}"""));
        await Eventually.UntilAsync(
            () => _host!.ScalarAsync<long>("select count(*) from control.billing_inbox where id = 'end-early' and state = 'waiting'"), c => c == 1, Patience, "it waits");
        await SendAsync(false, BillingMessagesTests.Message("begin-late", "subscription.created", "hasty", 1, """{"offer": "odoo-shared", "name": "Acme"}"""));
        await Eventually.UntilAsync(
            () => _host!.ScalarAsync<long>("select count(*) from control.billing_inbox where id = 'begin-late' and state = 'done'"), c => c == 1, Patience, "it is provisioned");
        await _host!.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'hasty'");
        await _host.ExecuteAsync("update control.tenants set state = 'active' where code = 'hasty'");
        await using var scope = _host.Services.CreateAsyncScope();
        await Eventually.UntilAsync(
            () => _host.ScalarAsync<long>("select count(*) from control.billing_inbox where id = 'end-early' and state = 'done'"), c => c == 1, Patience, "it is applied");
        await _host.ExecuteAsync("update control.subscriptions set follow_at = now() where tenant = 'hasty'");
        await ActivatorUtilities.CreateInstance<KeepSubscriptions>(scope.ServiceProvider).RunAsync(new TimerTick("keepSubscriptions", DateTimeOffset.UtcNow), default);
        Assert.Equal("terminating", await _host.ScalarAsync<string>("select state from control.tenants where code = 'hasty'"));
    }

    private async Task UnreadableAsync(bool sqs)
    {
        const string Body = """{"billing": {"id": "x", "type": "subscription.created"}, "extra": 1}""";
        await SendAsync(sqs, Body);
        var poison = Broker(sqs).Open(PoisonQueue.NameOf(Queue));
        var letters = await Eventually.UntilAsync(
            () => poison.ReceiveAsync(1, TimeSpan.FromMinutes(1), default), m => m.Count == 1, Patience, "it is in the poison queue");
        var letter = JsonDocument.Parse(letters[0].Body!).RootElement.GetProperty("deadLetter");
        Assert.Equal(Body, letter.GetProperty("body").GetString());
        Assert.Contains("extra is unknown", letter.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, letter.GetProperty("attempts").GetInt32());
    }

    private Task SendAsync(bool sqs, string body) => Broker(sqs).Open(Queue).SendAsync(body, TimeSpan.Zero, default);

    private IQueueBroker Broker(bool sqs) => sqs ? _sqs! : _storage!;

    private async Task EmptyAsync()
    {
        foreach (var broker in new[] { Broker(true), Broker(false) })
        {
            var queue = broker.Open(Queue);
            await Eventually.UntilAsync(
                async () => (await queue.ReceiveAsync(1, TimeSpan.FromSeconds(1), default)).Count == 0, Patience,
                string.Create(CultureInfo.InvariantCulture, $"{broker.Name} is empty"));
        }
    }

    // The consumers create the queues; until then the host says that it is not ready.
    private Task UntilReadyAsync() => Eventually.UntilAsync(
        async () =>
        {
            using var answer = await _host!.GetAsync("/health/ready", token: null);
            return answer.StatusCode == HttpStatusCode.OK && (await ApiHost.JsonAsync(answer)).GetProperty("checks").GetProperty("queues").GetString() == "ok";
        },
        Patience, "the host is ready");
}
