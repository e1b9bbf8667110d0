using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Activities.Tests.Templates;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.RealOdoo;

/// <summary>Templates that the real application makes.</summary>
public sealed class OdooTemplateTests
{
    [Fact]
    public async Task The_program_makes_a_complete_template_for_a_country()
    {
        var odoo = await Bibind.Testing.Servers.RealOdoo.GetAsync();
        await using var tenant = await OdooTenant.CreateAsync(("Templates:OdooBin", odoo.Server.Program));
        var order = TemplateWorld.NewOrder() with { Modules = ["base"], Country = "MA" };
        try
        {
            var contents = await MakeAsync(tenant.World, order);

            Assert.Equal(["fr_FR"], contents.Languages);
            Assert.Equal(("19.0", "MAD"), (contents.Version, contents.Currency));
            Assert.Contains("base", contents.Modules);
            Assert.True(contents.Files > 0);
            Assert.Equal(contents.Files, CountFiles(Path.Combine(odoo.Server.FileStore, order.Database)));
        }
        finally
        {
            await tenant.World.RunAsync<DropTemplateDatabase>(order);
        }

        Assert.False(Directory.Exists(Path.Combine(odoo.Server.FileStore, order.Database)));
    }

    [Fact]
    public async Task The_server_makes_a_complete_template_and_leaves_no_other_folder()
    {
        await using var maker = await Bibind.Testing.Servers.RealOdoo.StartAnotherAsync(o => o with { ListDatabases = true, CronThreads = 0, DatabaseFilter = ".*" });
        await using var world = await World.CreateAsync(("FileStore:Provider", "folder"), ("FileStore:Folder", maker.FileStore));
        world.Server.Connection = world.Server.Connection with { Url = maker.Url, MasterPassword = maker.MasterPassword };
        var order = TemplateWorld.NewOrder() with { Initialisation = "json-rpc", Modules = ["base"] };
        try
        {
            var contents = await MakeAsync(world, order);

            Assert.Contains("fr_FR", contents.Languages);
            Assert.Equal([order.Database], Directory.EnumerateDirectories(maker.FileStore).Select(Path.GetFileName));
        }
        finally
        {
            await world.RunAsync<DropTemplateDatabase>(order);
        }

        Assert.Empty(Directory.EnumerateDirectories(maker.FileStore));
    }

    [Theory]
    [InlineData(true, "is not its admin_passwd")]
    [InlineData(false, "lets nobody manage databases (list_db = False)")]
    public async Task A_wrong_master_password_and_closed_management_are_told_apart(bool isListed, string words)
    {
        await using var maker = await Bibind.Testing.Servers.RealOdoo.StartAnotherAsync(o => o with { ListDatabases = isListed, CronThreads = 0 });
        await using var world = await World.CreateAsync(("FileStore:Provider", "folder"), ("FileStore:Folder", maker.FileStore));
        world.Server.Connection = world.Server.Connection with { Url = maker.Url, MasterPassword = isListed ? "wrong" : maker.MasterPassword };
        var order = TemplateWorld.NewOrder() with { Initialisation = "json-rpc" };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<InitialiseTemplate>(order));

        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    private static async Task<TemplateContents> MakeAsync(World world, CreateTemplateOrder order)
    {
        await world.RunAsync<CheckTemplate>(order);
        await world.RunAsync<CreateTemplateDatabase>(order);
        await world.RunAsync<InitialiseTemplate>(order);
        await world.RunAsync<SmokeTestTemplate>(order);
        await world.MarkReadyAsync(order);
        return world.Templates.Contents[order.TemplateId]!;
    }

    private static long CountFiles(string store) =>
        Directory.EnumerateFiles(store, "*", SearchOption.AllDirectories).LongCount(f => Path.GetFileName(f)[0] != '.' && !f.Contains("/checklist/", StringComparison.Ordinal));
}
