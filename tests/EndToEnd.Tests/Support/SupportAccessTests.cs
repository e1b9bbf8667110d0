using System.Net;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Support;

/// <summary>An operator in a tenant's application: let in, and out again, whatever happens meanwhile.</summary>
public sealed class SupportAccessTests
{
    [Fact]
    public async Task An_operator_gets_in_for_a_while_is_shown_the_credentials_once_and_is_out_again()
    {
        await using var world = await SupportWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var access = await world.OpenAsync(host.Api, "administrator");
        Assert.Equal((string?)access["job"], (string?)(await world.RequestAsync(host.Api, "administrator"))["job"]);
        var shown = await world.CredentialsAsync(host.Api, access);
        var (again, _, _) = await host.Api.TryPostAsync($"{world.PathOf(access)}/credentials", []);
        Assert.Equal(HttpStatusCode.Gone, again);
        Assert.True(await world.CanSignInAsync(shown));
        await using (var tenant = world.Installation.OpenTenant(world.Code))
        {
            Assert.Equal(1, await TenantAssertions.ScalarAsync<long>(
                tenant, $"select count(*) from res_groups_users_rel r join res_users u on u.id = r.uid where u.login = '{shown["login"]}' and r.gid = 5"));
        }

        await world.RevokeAsync(host.Api, access);
        var end = await host.Api.EndOfAsync(SupportWorld.JobOf(access));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal("ended", (string?)(await host.Api.GetAsync(world.PathOf(access)))["state"]);
        Assert.False(await world.CanSignInAsync(shown));
        await world.AssertNothingIsLeftAsync();
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.notices where kind = 'support-opened' and data ->> 'reason' = 'ticket 7'"));
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.notices where kind = 'support-ended'"));
        Assert.Equal(2, await world.Installation.CountAsync("select count(*) from control.audit where action = 'POST /api/tenants/{code}/support-access' and reason = 'ticket 7'"));
        var history = await host.Api.GetAsync($"{SupportWorld.JobOf(access)}/history?full=true");
        Assert.DoesNotContain((string)shown["password"]!, history.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_with_consent_lets_nobody_in_before_the_customer_says_so()
    {
        await using var world = await SupportWorld.CreateAsync();
        await world.ConsentIsWantedAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var refused = await world.RequestAsync(host.Api);
        Assert.Equal("waiting", (string?)refused["state"]);
        Assert.Equal(HttpStatusCode.Accepted, await world.AsCustomerAsync(host.Address, refused, "refuse"));
        var end = await host.Api.EndOfAsync(SupportWorld.JobOf(refused));
        Assert.Equal(("cancelled", "Refused by anna: as the customer wants"), ((string?)end["state"], (string?)end["reason"]));

        var granted = await world.RequestAsync(host.Api);
        Assert.Equal(HttpStatusCode.Accepted, await world.AsCustomerAsync(host.Address, granted, "approve"));
        await world.BecomesAsync(host.Api, granted, "open");
        Assert.Equal(HttpStatusCode.Accepted, await world.AsCustomerAsync(host.Address, granted, "revoke"));
        await host.Api.EndOfAsync(SupportWorld.JobOf(granted));

        var late = await world.RequestAsync(host.Api);
        await world.ControlAsync("update control.support_accesses set consent_until = now() where state = 'waiting'");
        Assert.Equal(HttpStatusCode.Conflict, await world.AsCustomerAsync(host.Address, late, "approve"));
        await host.Api.TryPostAsync($"{SupportWorld.JobOf(late)}/run-now", []);
        await host.Api.EndOfAsync(SupportWorld.JobOf(late));
        Assert.Equal("expired", (string?)(await host.Api.GetAsync(world.PathOf(late)))["state"]);
        await world.AssertNothingIsLeftAsync();
        Assert.Equal(0, await world.Installation.CountAsync("select count(*) from control.notices where kind = 'support-opened'"));
    }

    [Fact]
    public async Task An_access_ends_by_itself_and_by_the_cancelling_of_its_job_and_is_not_paused()
    {
        await using var world = await SupportWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var timed = await world.OpenAsync(host.Api);
        var (paused, _, _) = await host.Api.TryPostAsync($"{SupportWorld.JobOf(timed)}/pause", []);
        Assert.Equal(HttpStatusCode.Conflict, paused);
        await world.ControlAsync("update control.support_accesses set expires_at = now()");
        await host.Api.TryPostAsync($"{SupportWorld.JobOf(timed)}/run-now", []);
        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(SupportWorld.JobOf(timed)))["state"]);
        await world.AssertNothingIsLeftAsync();

        var cancelled = await world.OpenAsync(host.Api);
        var (status, _, body) = await host.Api.TryPostAsync($"{SupportWorld.JobOf(cancelled)}/cancel", new() { ["reason"] = "enough" });
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        await host.Api.EndOfAsync(SupportWorld.JobOf(cancelled));
        await world.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_backup_that_was_taken_meanwhile_brings_no_usable_account_back()
    {
        await using var world = await SupportWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var access = await world.OpenAsync(host.Api);
        var shown = await world.CredentialsAsync(host.Api, access);
        var backup = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{world.Code}/backups"));
        Assert.True((string?)backup["state"] == "succeeded", backup.ToString());
        var id = (string)backup["result"]!["backupId"]!;
        var copy = $"{world.Code}b";
        try
        {
            // Into another tenant, also while it is open.
            var (status, job, body) = await host.Api.TryPostAsync($"/api/backups/{id}/restore", new() { ["newTenant"] = new System.Text.Json.Nodes.JsonObject { ["code"] = copy } });
            Assert.True(status == HttpStatusCode.Accepted, body.ToString());
            var made = await host.Api.EndOfAsync(job!);
            Assert.True((string?)made["state"] == "succeeded", made.ToString());
            Assert.False(await world.CanSignInAsync(copy, shown));
            Assert.True(await world.CanSignInAsync(shown));

            await world.RevokeAsync(host.Api, access);
            await host.Api.EndOfAsync(SupportWorld.JobOf(access));
            var restored = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{id}/restore"));
            Assert.True((string?)restored["state"] == "succeeded", restored.ToString());
            Assert.False(await world.CanSignInAsync(shown));
            await world.AssertNothingIsLeftAsync();
        }
        finally
        {
            await world.Installation.DropAsync(copy);
        }
    }

    [Fact]
    public async Task A_restore_while_an_access_is_open_does_not_keep_its_account_from_being_removed()
    {
        await using var world = await SupportWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var access = await world.OpenAsync(host.Api);
        var shown = await world.CredentialsAsync(host.Api, access);
        var backup = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{world.Code}/backups"));
        var restored = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{backup["result"]!["backupId"]}/restore"));
        Assert.True((string?)restored["state"] == "succeeded", restored.ToString());
        Assert.True(await world.CanSignInAsync(shown));

        await world.RevokeAsync(host.Api, access);
        var end = await host.Api.EndOfAsync(SupportWorld.JobOf(access));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.False(await world.CanSignInAsync(shown));
        await world.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task An_access_whose_orchestration_was_ended_from_outside_is_ended_by_the_sweep()
    {
        await using var world = await SupportWorld.CreateAsync();
        world.Installation.SweepOften();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var access = await world.OpenAsync(host.Api);
        var shown = await world.CredentialsAsync(host.Api, access);

        await host.TerminateAsync(SupportWorld.JobOf(access));
        await world.BecomesAsync(host.Api, access, "ended");

        Assert.False(await world.CanSignInAsync(shown));
        await Eventually.UntilAsync(
            async () => await world.Installation.CountAsync("select count(*) from control.jobs where finished_at is null") == 0, SupportWorld.Patience, "the job is closed");
    }

    [Fact]
    public async Task The_removal_of_the_tenant_ends_the_access()
    {
        await using var world = await SupportWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var access = await world.OpenAsync(host.Api);

        var end = await host.Api.EndOfAsync(await host.Api.DestroyAsync(world.Code, finalBackup: false));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.BecomesAsync(host.Api, access, "ended");
        Assert.Empty(await world.Installation.DatabasesAsync());
        Assert.Equal(0, await world.Installation.CountAsync("select count(*) from control.secrets where name like '%/support-%'"));
    }
}
