using System.Text.Json.Nodes;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>What a tenant that works still lacks: shown, done later by itself, and gone with the tenant.</summary>
public sealed class PendingItemsTests
{
    [Fact]
    public async Task A_first_backup_that_fails_takes_no_tenant_away_and_is_taken_later()
    {
        await using var installation = await OftenAsync();
        var failure = new FailureAt("backup.take", afterTheEffect: false);
        await using var host = await InProcessHost.StartAsync(installation, failure);
        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        Assert.True((string?)job["state"] == "succeeded", job.ToString());

        var pending = await PendingAsync(host.Api, installation.Code, "first-backup", p => p is not null && (int)p["attempts"]! > 0);

        Assert.Contains("backup.take fails", (string?)pending!["reason"], StringComparison.Ordinal);
        Assert.Equal("active", (string?)(await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["state"]);
        Assert.Contains(
            (await host.Api.GetAsync("/api/pending-items?kind=first-backup"))["items"]!.AsArray(), p => (string?)p!["tenant"] == installation.Code);
        Assert.Single((await host.Api.GetAsync("/api/tenants?pending=first-backup"))["items"]!.AsArray());
        Assert.Equal("failed", (string?)(await host.Api.GetAsync("/api/jobs?kind=first-backup"))["items"]![0]!["state"]);

        failure.IsOn = false;
        await DueAsync(installation);

        await PendingAsync(host.Api, installation.Code, "first-backup", p => p is null);
        Assert.Equal(["first"], await KindsAsync(host.Api, installation.Code));
        Assert.Empty((await host.Api.GetAsync("/api/tenants?pending=first-backup"))["items"]!.AsArray());
    }

    [Fact]
    public async Task A_removal_does_not_wait_for_a_first_backup_that_waits_for_its_turn()
    {
        await using var installation = await OftenAsync();
        var failure = new FailureAt("backup.take", afterTheEffect: false);
        await using var host = await InProcessHost.StartAsync(installation, failure);
        await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        await PendingAsync(host.Api, installation.Code, "first-backup", p => p is not null && (int)p["attempts"]! > 0);

        var removed = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));

        Assert.True((string?)removed["state"] == "succeeded", removed.ToString());
        await installation.AssertNothingIsLeftAsync();
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.pending_items"));
    }

    [Fact]
    public async Task A_removal_ends_a_first_backup_that_is_being_taken_and_leaves_nothing()
    {
        await using var installation = await Installation.CreateAsync();
        var held = new HoldsAt("backup.take");
        await using var host = await InProcessHost.StartAsync(installation, held);
        await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        await held.Reached;

        var removal = await host.Api.DestroyAsync(installation.Code, finalBackup: false);
        await Eventually.UntilAsync(
            async () => (await host.Api.GetAsync(removal))["steps"]!.AsArray().Any(s => (string?)s!["name"] == "backup.delete_all"),
            TimeSpan.FromSeconds(60), "the removal waits for the backup");
        held.LetGo();

        var removed = await host.Api.EndOfAsync(removal);
        Assert.True((string?)removed["state"] == "succeeded", removed.ToString());
        await installation.AssertNothingIsLeftAsync();
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_first_backup_whose_orchestration_was_ended_from_outside_is_begun_again(bool isTakenAllTheSame)
    {
        await using var installation = await OftenAsync();
        var held = new HoldsAt("backup.take");
        await using var host = await InProcessHost.StartAsync(installation, held);
        await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        await held.Reached;
        var id = await installation.CountAsync("select id from control.tenants");

        await host.Tasks.TerminateInstanceAsync($"first-backup-{installation.Code}-{id}-1", "by hand");
        held.LetGo();
        if (isTakenAllTheSame)
        {
            // By the step that was under way; its orchestration does not hear of it any more, and closes no job.
            await Eventually.UntilAsync(
                async () => (await KindsAsync(host.Api, installation.Code)).Contains("first"), TimeSpan.FromSeconds(60), "the backup is there");
        }

        await DueAsync(installation);

        await PendingAsync(host.Api, installation.Code, "first-backup", p => p is null);
        Assert.Contains("first", await KindsAsync(host.Api, installation.Code));
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
    }

    [Fact]
    public async Task An_application_that_is_down_leaves_notes_and_items_and_no_credentials_of_what_is_not_there()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation);

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        var notes = job["notes"]!.AsArray().Select(n => (string)n!).ToList();
        Assert.Contains(notes, n => n.StartsWith("The standard user was not made", StringComparison.Ordinal));
        Assert.Contains(notes, n => n.Contains("was not asked for its login page", StringComparison.Ordinal));
        Assert.Equal(notes.Count, job["result"]!["notes"]!.AsArray().Count);
        await installation.ComesToRestAsync();
        var tenant = await host.Api.GetAsync($"/api/tenants/{installation.Code}");
        Assert.Equal(["smoke-test", "standard-user"], tenant["pendingItems"]!.AsArray().Select(p => (string)p!["kind"]!).Order());
        var (_, _, shown) = await host.Api.TryPostAsync($"/api/tenants/{installation.Code}/credentials/reveal", []);
        Assert.NotNull(shown["administrator"]);
        Assert.Null(shown["user"]);
        Assert.Equal(["standard-user"], shown["pending"]!.AsArray().Select(p => (string)p!));

        await using (var done = installation.Control.CreateCommand("delete from control.pending_items where kind = 'standard-user'"))
        {
            await done.ExecuteNonQueryAsync();
        }

        var (_, _, later) = await host.Api.TryPostAsync($"/api/tenants/{installation.Code}/credentials/reveal", []);
        Assert.NotNull(later["user"]);
        Assert.Null(later["administrator"]);
    }

    [Fact]
    public async Task A_standard_user_who_cannot_be_made_for_the_moment_fails_no_order()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation, new FailsForTheMoment("application.create_standard_user"));

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.True((string?)job["state"] == "succeeded", job.ToString());
        var pending = await PendingAsync(host.Api, installation.Code, "standard-user", p => p is not null);
        Assert.Contains("not at the moment", (string?)pending!["reason"], StringComparison.Ordinal);
        await installation.ComesToRestAsync();
    }

    /// <summary>An installation that looks every second for what is due.</summary>
    private static async Task<Installation> OftenAsync()
    {
        var installation = await Installation.CreateAsync();
        installation.Settings["Timers:Sweep"] = "true";
        installation.Settings["PendingItems:Interval"] = "00:00:01";
        return installation;
    }

    /// <summary>Lets the waits pass.</summary>
    private static async Task DueAsync(Installation installation)
    {
        await using var passes = installation.Control.CreateCommand("update control.pending_items set next_attempt = now() - interval '1 second'");
        await passes.ExecuteNonQueryAsync();
    }

    private static Task<JsonNode?> PendingAsync(Api api, string code, string kind, Func<JsonNode?, bool> wanted) => Eventually.UntilAsync(
        async () => (await api.GetAsync($"/api/tenants/{code}"))["pendingItems"]!.AsArray().SingleOrDefault(p => (string?)p!["kind"] == kind),
        wanted, TimeSpan.FromSeconds(60), $"{kind} is as wanted");

    private static async Task<IEnumerable<string>> KindsAsync(Api api, string code) =>
        (await api.GetAsync($"/api/tenants/{code}/backups"))["items"]!.AsArray().Select(b => b!["kind"]!.GetValue<string>());

    private sealed class FailsForTheMoment(string step) : Durable.Worker.WorkerInterceptor
    {
        public override ValueTask BeforeActivityAsync(Durable.Hubs.LeasedActivity activity, CancellationToken cancellationToken) =>
            activity.Scheduled.Name == step ? throw new InvalidOperationException("not at the moment") : ValueTask.CompletedTask;
    }

    /// <summary>Holds a step before its effect until it is let go.</summary>
    private sealed class HoldsAt(string step) : Durable.Worker.WorkerInterceptor
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));

        public void LetGo() => _free.TrySetResult();

        public override async ValueTask BeforeActivityAsync(Durable.Hubs.LeasedActivity activity, CancellationToken cancellationToken)
        {
            if (activity.Scheduled.Name == step)
            {
                _reached.TrySetResult();
                await _free.Task.WaitAsync(cancellationToken);
            }
        }
    }
}
