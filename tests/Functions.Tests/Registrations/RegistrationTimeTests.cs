using System.Net;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.Registrations;

/// <summary>What time does to registrations, and that nobody registers where the settings do not say so.</summary>
public sealed class RegistrationTimeTests(PostgresServer postgres)
{
    [Fact]
    public async Task A_link_ends_its_name_is_free_again_and_persons_are_forgotten()
    {
        var world = new RegistrationWorld(postgres);
        await world.InitializeAsync();
        await using var disposing = world;
        var token = await world.TokenAsync("expires", "jane@time.example");
        using (var confirmed = await world.ConfirmAsync(await world.TokenAsync("stays", "june@time.example")))
        {
            Assert.Equal(HttpStatusCode.Accepted, confirmed.StatusCode);
        }

        // The letter was not taken in time, say.
        world.Notices.Clock.Advance(TimeSpan.FromHours(25));
        using var late = await world.ConfirmAsync(token);
        await ProblemAssert.IsAsync(late, HttpStatusCode.Gone, "registration-expired");
        await world.RegisterAsync("expires", "other@time.example");
        await world.TickAsync();
        await world.TickAsync();
        using var later = await world.ConfirmAsync(token);
        await ProblemAssert.IsAsync(later, HttpStatusCode.Gone, "registration-expired");
        Assert.Equal(1, await world.Api.ScalarAsync<long>("select count(*) from control.secrets where name like 'registrations/%/token'"));

        world.Notices.Clock.Advance(TimeSpan.FromDays(9));
        await world.TickAsync();
        await world.TickAsync();
        world.Notices.Clock.Advance(TimeSpan.FromDays(8));
        await world.TickAsync();
        using var forgotten = await world.ConfirmAsync(token);
        await ProblemAssert.IsAsync(forgotten, HttpStatusCode.NotFound, "not-found");
        Assert.Equal("stays", await world.Api.ScalarAsync<string>("select string_agg(code, ',') from control.registrations"));
        Assert.Equal(0, await world.Api.ScalarAsync<long>("select count(*) from control.registrations r where r::text ilike '%june%' or r::text ilike '%acme%'"));
        Assert.Equal(0, await world.Api.ScalarAsync<long>("select count(*) from control.notices where kind like 'registration-%'"));
        Assert.Equal(0, await world.Api.ScalarAsync<long>("select count(*) from control.registration_counts"));

        // Who has had a trial is known all the same.
        await world.RegisterAsync("again", "june@time.example");
        Assert.Equal("refused again", await world.StateAsync("again"));
        world.Notices.Clock.Advance(TimeSpan.FromDays(366));
        await world.RegisterAsync("once-a-year", "june@time.example");
        Assert.Equal("waiting", await world.StateAsync("once-a-year"));
    }

    [Fact]
    public async Task Nobody_registers_unless_the_settings_say_so()
    {
        var host = new ApiHost(postgres);
        await host.InitializeAsync();
        await using var disposing = host;
        foreach (var (method, path) in new[] { (HttpMethod.Post, "/api/registrations"), (HttpMethod.Post, "/api/registrations/confirm"), (HttpMethod.Get, "/registrations/confirm?token=x"), (HttpMethod.Post, "/registrations/confirm") })
        {
            using var answer = await host.SendAsync(method, path, json: method == HttpMethod.Post ? RegistrationWorld.Body("closed", "a@x.example") : null);
            await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
        }

        Assert.Equal(0, await host.ScalarAsync<long>("select count(*) from control.registrations"));
    }
}
