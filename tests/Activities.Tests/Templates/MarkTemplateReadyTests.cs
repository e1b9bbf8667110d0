using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Templates;

public sealed class MarkTemplateReadyTests
{
    [Fact]
    public async Task A_ready_template_is_locked_and_can_be_cloned()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();

        var ready = await world.MarkReadyAsync(order);

        Assert.Matches("^[0-9a-f]{64}$", ready.ContentHash);
        Assert.Equal($"ready {ready.ContentHash}", world.Templates.Ends[order.TemplateId]);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => world.OpenAsync(order.Database, LocalServer.ApplicationRole));
        Assert.Equal(PostgresErrorCodes.ObjectNotInPrerequisiteState, refused.SqlState);
        var clone = await world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(World.NewPlace() with { TemplateDatabase = order.Database });
        Assert.True(clone.Bytes > 1_000_000);
    }

    [Fact]
    public async Task Marking_it_again_gives_the_same_answer_though_it_is_locked()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();
        var first = await world.MarkReadyAsync(order);

        var again = await world.MarkReadyAsync(order);

        Assert.Equal(first.ContentHash, again.ContentHash);
    }

    [Fact]
    public async Task Templates_of_the_same_content_have_the_same_hash_and_others_another()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var (first, same, other) = (await world.InitialisedAsync(), await world.InitialisedAsync(), await world.InitialisedAsync());
        await world.ExecuteAsync("update ir_module_module set latest_version = '18.0.1.4' where name = 'base'", other.Database);

        var hash = (await world.MarkReadyAsync(first)).ContentHash;

        Assert.Equal(hash, (await world.MarkReadyAsync(same)).ContentHash);
        Assert.NotEqual(hash, (await world.MarkReadyAsync(other)).ContentHash);
    }

    [Fact]
    public async Task A_template_without_what_tenants_need_does_not_pass_the_test()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();
        await world.ExecuteAsync("delete from ir_model_data; update res_lang set active = false", order.Database);

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<SmokeTestTemplate>(order));

        Assert.Contains(
            "lacks an administrator (base.user_admin), a main company (base.main_company), the language fr_FR", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_locked_template_is_dropped_by_the_undo()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();
        await world.MarkReadyAsync(order);

        await world.RunAsync<DropTemplateDatabase>(order);

        Assert.False(await world.DatabaseExistsAsync(order.Database));
    }
}
