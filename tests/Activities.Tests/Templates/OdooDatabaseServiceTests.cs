using System.Text.Json.Nodes;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.FileStores;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Activities.Tests.Templates;

public sealed class OdooDatabaseServiceTests
{
    [Fact]
    public async Task The_applications_server_makes_the_template()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var order = NewOrder();

        await MakeAsync(world, order);

        Assert.Equal(64, (await world.MarkReadyAsync(order)).ContentHash.Length);
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-template-{order.TemplateId}"));
    }

    [Fact]
    public async Task What_an_earlier_attempt_left_is_dropped_first()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var order = NewOrder();
        await world.ExecuteAsync($"create database \"bibind-new-template-{order.TemplateId}\"");

        await MakeAsync(world, order);

        Assert.True(await world.DatabaseExistsAsync(order.Database));
    }

    [Fact]
    public async Task A_server_that_says_it_is_done_without_being_is_not_believed()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        odoo.Databases["create_database"] = _ => Task.FromResult<JsonNode?>(true);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => MakeAsync(world, NewOrder()));

        Assert.Contains("made no usable database", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Modules_that_were_not_installed_are_named()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var order = NewOrder() with { Modules = ["base", "no_such_module"] };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => MakeAsync(world, order));

        Assert.Contains("did not install no_such_module", refused.Message, StringComparison.Ordinal);
        await world.RunAsync<DropTemplateDatabase>(order);
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-template-{order.TemplateId}"));
    }

    [Fact]
    public async Task The_files_that_the_server_wrote_are_the_templates_when_it_is_ready()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var order = NewOrder();

        await MakeAsync(world, order);

        Assert.True(File.Exists(Path.Combine(Files(world), order.Database, OdooFiles.All[0].StoreName)));
        await world.RunAsync<DropTemplateDatabase>(order);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Files(world)));
    }

    [Fact]
    public async Task A_creation_that_fails_leaves_no_folder()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        var order = NewOrder() with { Modules = ["base", "no_such_module"] };
        await Assert.ThrowsAsync<PermanentFailureException>(() => MakeAsync(world, order));

        await world.RunAsync<DropTemplateDatabase>(order);

        Assert.Empty(Directory.EnumerateFileSystemEntries(Files(world)));
    }

    [Theory]
    [InlineData(false, "the master password of server 'srv-1' is not its admin_passwd")]
    [InlineData(true, "it lets nobody manage databases (list_db = False)")]
    public async Task A_wrong_master_password_and_a_server_that_manages_nothing_are_told_apart(bool isClosed, string words)
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        odoo.Databases["create_database"] = _ => throw OdooStub.AccessDenied();
        odoo.Databases["list"] = _ => isClosed ? throw OdooStub.AccessDenied() : Task.FromResult<JsonNode?>(new JsonArray());

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => MakeAsync(world, NewOrder()));

        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_a_master_password_is_refused()
    {
        await using var odoo = await OdooStub.StartAsync();
        await using var world = await WorldOfAsync(odoo);
        world.Server.Connection = world.Server.Connection with { MasterPassword = null };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => MakeAsync(world, NewOrder()));

        Assert.Contains("has no master password", refused.Message, StringComparison.Ordinal);
    }

    private static string Files(World world) =>
        world.Get<IOptions<FileStoreOptions>>().Value.Folder!;

    private static CreateTemplateOrder NewOrder() =>
        TemplateWorld.NewOrder() with { Initialisation = "json-rpc", Modules = ["base", "web", "mail"], Language = "en_US" };

    private static async Task MakeAsync(World world, CreateTemplateOrder order)
    {
        await world.RunAsync<CheckTemplate>(order);
        await world.RunAsync<CreateTemplateDatabase>(order);
        await world.RunAsync<InitialiseTemplate>(order);
        await world.RunAsync<SmokeTestTemplate>(order);
    }

    // The database service over the real PostgreSQL: what it answers is Odoo's, what it does is ours.
    private static async Task<World> WorldOfAsync(OdooStub odoo)
    {
        var folder = PostgresFixture.NewFolder();
        var files = Directory.CreateDirectory(Path.Combine(folder, "filestore")).FullName;
        var world = await World.CreateAsync(("FileStore:Provider", "folder"), ("FileStore:Folder", files));
        world.DeleteAtEnd(folder);
        world.Server.Connection = world.Server.Connection with { Url = odoo.Url };
        odoo.Databases["db_exist"] = async a => await world.DatabaseExistsAsync((string)a[0]!);
        odoo.Databases["drop"] = async a =>
        {
            if (Directory.Exists(Path.Combine(files, (string)a[1]!)))
            {
                Directory.Delete(Path.Combine(files, (string)a[1]!), recursive: true);
            }

            return await DoAsync($"drop database \"{a[1]}\" with (force)");
        };
        // As the real one: files move only to where nothing is, and nobody is told when they do not.
        odoo.Databases["rename"] = async a =>
        {
            var (from, to) = (Path.Combine(files, (string)a[1]!), Path.Combine(files, (string)a[2]!));
            if (Directory.Exists(from) && !Directory.Exists(to))
            {
                Directory.Move(from, to);
            }

            return await DoAsync($"alter database \"{a[1]}\" rename to \"{a[2]}\"");
        };
        odoo.Databases["create_database"] = async a =>
        {
            odoo.AdministratorPassword = (string)a[4]!;
            OdooFiles.Write(files, (string)a[1]!);
            return await DoAsync($"create database \"{a[1]}\" template {OdooTemplateFixture.Database} owner odoo");
        };
        return world;

        async Task<bool> DoAsync(string sql)
        {
            await world.ExecuteAsync(sql);
            return true;
        }
    }
}
