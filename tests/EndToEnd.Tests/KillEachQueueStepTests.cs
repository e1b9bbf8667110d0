using Bibind.EndToEnd.Tests.Hosts;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process when it has received a message of billing, between its effect and its deletion, and right after
/// that; a host started afterwards must do what was ordered, once.
/// </summary>
public sealed class KillEachQueueStepTests
{
    private const string Queue = "billing";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string, string> Boundaries
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var broker in new[] { "storage", "sqs" })
            {
                foreach (var boundary in new[] { "queue:received", "queue:deleting", "queue:deleted" })
                {
                    data.Add(broker, boundary);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_message_whose_host_is_killed_takes_effect_once(string kind, string boundary)
    {
        await using var azurite = kind == "storage" ? await AzuriteServer.StartAsync() : null;
        await using var elasticMq = kind == "sqs" ? await ElasticMqServer.StartAsync() : null;
        await using var installation = await Installation.CreateAsync();
        installation.Settings["Queues:VisibilityTimeout"] = "00:00:05";
        using var sqs = elasticMq is null ? null : await Brokers.SqsAsync(installation, elasticMq);
        var queue = (sqs ?? (IQueueBroker)await Brokers.StorageAsync(installation, azurite!)).Open(Queue);
        await queue.CreateAsync(default);
        await using (await KilledAsync(installation, boundary, queue))
        {
            // It has died; what is left of it is cleaned up here.
        }

        await using var host = await InProcessHost.StartAsync(installation);
        var job = await Eventually.UntilAsync(() => JobAsync(installation), j => j is not null, Patience, "the order is taken");
        var end = await host.Api.EndOfAsync($"/api/jobs/{job}");
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await Eventually.UntilAsync(
            async () => (await queue.ReceiveAsync(1, TimeSpan.FromSeconds(1), default)).Count == 0
                && await installation.CountAsync("select count(*) from control.billing_inbox where state = 'done'") == 1,
            Patience, "the message is done and gone");
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.jobs where kind = 'provision'"));
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.tenants"));
        await installation.ComesToRestAsync();
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
    }

    private static async Task<KillableHost> KilledAsync(Installation installation, string boundary, IBrokerQueue queue)
    {
        var doomed = await KillableHost.StartAsync(installation, boundary);
        await queue.SendAsync(
            $$$"""
            {"billing": {"id": "b-1", "type": "subscription.created", "tenant": "{{{installation.Code}}}", "sequence": 1,
              "occurredAt": "2026-03-01T09:30:00Z", "data": {"offer": "odoo-shared", "name": "Chez Anna", "customerName": "Anna",
                "customerEmail": "anna@example.com", "plan": "starter", "template": "blank",
                "locale": {"language": "fr_FR", "timeZone": "Europe/Paris", "currency": "EUR"} } } }
            """,
            TimeSpan.Zero, default);
        await doomed.DiesAsync();
        return doomed;
    }

    private static async Task<string?> JobAsync(Installation installation)
    {
        await using var command = installation.Control.CreateCommand("select id from control.jobs");
        return (string?)await command.ExecuteScalarAsync();
    }
}
