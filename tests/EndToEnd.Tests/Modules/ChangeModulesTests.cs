using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Bibind.EndToEnd.Tests.Modules;

/// <summary>Modules and theme of one of two tenants of one template: changed by the application, brought back if that fails, and the other untouched.</summary>
public sealed class ChangeModulesTests
{
    [Fact]
    public async Task Modules_and_theme_of_one_tenant_come_and_go_and_the_other_is_untouched()
    {
        await using var world = await ModulesWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var before = await world.DumpAsync(world.Neighbour);

        var end = await host.Api.EndOfAsync(await world.ActivateAsync(host.Api, "contacts", "calendar"));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal(Steps.OfChangingModules.Distinct().Order(), end["steps"]!.AsArray().Select(s => (string)s!["name"]!).Distinct().Order());
        Assert.Equal(["contacts", "calendar"], end["result"]!["activated"]!.AsArray().Select(m => (string?)m));
        Assert.InRange((long)end["result"]!["outageMs"]!, 1, 60_000);
        await world.AssertOpenAsync(host.Api, "contacts", "calendar");
        Assert.Equal(["first", "manual"], await world.BackupsAsync(host.Api));
        var listed = (await host.Api.GetAsync($"/api/tenants/{world.Code}/modules?search=contacts"))["items"]!.AsArray().Single()!;
        Assert.Equal(("installed", "order", "operator"), ((string?)listed["state"], (string?)listed["activatedBy"], (string?)listed["lastOrder"]!["by"]));

        // The same again: nothing is closed nor backed up for what is so already.
        end = await host.Api.EndOfAsync(await world.ActivateAsync(host.Api, "contacts"));
        Assert.DoesNotContain(end["steps"]!.AsArray(), s => (string?)s!["name"] is "routing.suspend" or "backup.take");

        end = await host.Api.EndOfAsync(await world.ChangeAsync(host.Api, new JsonObject { ["deactivate"] = new JsonArray("calendar"), ["activate"] = new JsonArray("crm") }));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.AssertOpenAsync(host.Api, "contacts", "crm");
        Assert.Equal([world.Code], world.Application.Calls.Select(c => c.Split(' ')[0]).Distinct());
        Assert.Equal(before, await world.DumpAsync(world.Neighbour));

        // What was there before an uninstallation is in its backup.
        end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{end["result"]!["safetyBackupId"]}/restore"));
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await world.AssertOpenAsync(host.Api, "contacts", "calendar");
        await ThemesComeAndGoAsync(world, host.Api);
        Assert.Equal(before, await world.DumpAsync(world.Neighbour));
    }

    private static async Task ThemesComeAndGoAsync(ModulesWorld world, Api api)
    {
        const string Look = "select coalesce(primary_color, '-') || ' ' || coalesce(secondary_color, '-') || ' ' || coalesce(font, '-') from res_company order by id limit 1";
        await world.ExecuteAsync("update res_company set primary_color = '#aaaaaa', secondary_color = null, font = 'Lato'");
        foreach (var (theme, look) in new[] { ("ocean", "#017e84 #714b67 Roboto"), ("forest", "#0b6623 #333333 Roboto"), ((string?)null, "#aaaaaa - Lato") })
        {
            var end = await api.EndOfAsync(await world.ThemeAsync(api, theme));
            Assert.True((string?)end["state"] == "succeeded", end.ToString());
            Assert.Equal(look, await world.ScalarAsync<string>(Look));
            Assert.Equal((theme, theme is null ? null : (bool?)true), (
                (string?)(await api.GetAsync($"/api/tenants/{world.Code}/theme"))["theme"], (bool?)(await api.GetAsync($"/api/tenants/{world.Code}/theme"))["inEffect"]));
        }

        var (status, _, problem) = await api.TrySendAsync(HttpMethod.Put, $"/api/tenants/{world.Code}/theme", new JsonObject { ["theme"] = "ocaen" });
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains("'ocean'", (string?)problem["errors"]!["theme"]![0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_is_brought_back_and_what_may_succeed_is_tried_again()
    {
        await using var world = await ModulesWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var neighbour = await world.DumpAsync(world.Neighbour);

        world.Application.Mishap = Mishap.Busy;
        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(await world.ActivateAsync(host.Api, "contacts")))["state"]);
        world.Application.Mishap = Mishap.LostAnswer;
        Assert.Equal("succeeded", (string?)(await host.Api.EndOfAsync(await world.ActivateAsync(host.Api, "crm")))["state"]);
        await world.AssertOpenAsync(host.Api, "contacts", "crm");

        world.Application.Mishap = Mishap.Refusal;
        await FailsAsync(await world.ActivateAsync(host.Api, "calendar"), "Something of the module's own", "was brought back from backup");
        world.Application.Mishap = Mishap.None;

        // It installs, and then does not work.
        world.Application.StatusAfterwards = StatusCodes.Status500InternalServerError;
        world.Application.Calls.Clear();
        await FailsAsync(await world.ActivateAsync(host.Api, "calendar"), "it cannot load the database", "was brought back from backup");
        world.Application.StatusAfterwards = StatusCodes.Status200OK;

        // Who is not there is not closed for.
        world.Application.Answers = false;
        var end = await FailsAsync(await world.ActivateAsync(host.Api, "calendar"), "answers 503", "Nothing was changed");
        Assert.DoesNotContain(end["steps"]!.AsArray(), s => (string?)s!["name"] is "routing.suspend");
        world.Application.Answers = true;
        Assert.Equal(neighbour, await world.DumpAsync(world.Neighbour));

        async Task<JsonObject> FailsAsync(string job, params string[] words)
        {
            var failed = await host.Api.EndOfAsync(job);
            Assert.Equal("failed", (string?)failed["state"]);
            Assert.All(words, w => Assert.Contains(w, (string?)failed["reason"], StringComparison.Ordinal));
            await world.AssertOpenAsync(host.Api, "contacts", "crm");
            return failed;
        }
    }

    [Fact]
    public async Task Each_step_that_fails_leaves_the_tenant_as_it_was()
    {
        await using var world = await ModulesWorld.CreateAsync();
        foreach (var step in new[] { "backup_jobs.begin", "modules.look", "application.smoke_test", "routing.suspend", "backup.take", "backup.check_restore", "modules.apply", "modules.verify", "routing.publish" })
        {
            await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt(step, afterTheEffect: true) { Times = 1 });

            var end = await host.Api.EndOfAsync(await world.ActivateAsync(host.Api, "contacts"));

            Assert.Equal((step, "failed"), (step, (string?)end["state"]));
            Assert.Contains($"{step} fails, as the test wants", (string?)end["reason"], StringComparison.Ordinal);
            Assert.Contains(step is "modules.apply" or "modules.verify" or "routing.publish" ? "was brought back from backup" : "Nothing was changed", (string?)end["reason"], StringComparison.Ordinal);
            await world.AssertOpenAsync(host.Api);
        }

        // What was never changed keeps no backup of it.
        await using var last = await InProcessHost.StartAsync(world.Installation);
        Assert.Equal(["first", "manual", "manual", "manual"], await world.BackupsAsync(last.Api));
    }

    [Fact]
    public async Task What_cannot_be_brought_back_is_suspended_and_says_which_backup_it_is_in()
    {
        await using var world = await ModulesWorld.CreateAsync();
        world.Application.Mishap = Mishap.Refusal;
        string backup;
        await using (var host = await InProcessHost.StartAsync(world.Installation, new FailureAt("backup.restore", afterTheEffect: false)))
        {
            var end = await host.Api.EndOfAsync(await world.ActivateAsync(host.Api, "contacts"));

            Assert.Equal("failed", (string?)end["state"]);
            Assert.Contains("The tenant is suspended", (string?)end["reason"], StringComparison.Ordinal);
            Assert.Equal("suspended", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["state"]);
            backup = ((string)end["reason"]!).Split("in backup '")[1].Split('\'')[0];
        }

        await using var healthy = await InProcessHost.StartAsync(world.Installation);
        var restored = await healthy.Api.EndOfAsync(await healthy.Api.PostAsync($"/api/backups/{backup}/restore"));
        Assert.True((string?)restored["state"] == "succeeded", restored.ToString());
        await world.AssertOpenAsync(healthy.Api);
    }
}
