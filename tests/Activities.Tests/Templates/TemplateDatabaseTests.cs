using Bibind.Activities.Templates;
using Bibind.Activities.Tests.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Testing;
using Xunit;

namespace Bibind.Activities.Tests.Templates;

public sealed class TemplateDatabaseTests
{
    [Fact]
    public async Task The_empty_database_belongs_to_the_application_and_is_hidden_from_it()
    {
        await using var world = await World.CreateAsync();
        var order = TemplateWorld.NewOrder();

        await world.RunAsync<CreateTemplateDatabase>(order);
        await world.RunAsync<CreateTemplateDatabase>(order);

        Assert.Equal(
            $"odoo|true|C|UTF8|bibind template={order.TemplateId} code={order.Code}",
            await world.AskAsync<string>(
                $"""
                select concat_ws('|', pg_get_userbyid(datdba), datistemplate::text, datcollate, pg_encoding_to_char(encoding), shobj_description(oid, 'pg_database'))
                from pg_database where datname = '{order.Database}'
                """));
        Assert.Equal(2, await world.AskAsync<long>("select count(*) from pg_extension where extname in ('pg_trgm', 'unaccent')", order.Database));
    }

    [Fact]
    public async Task A_database_that_is_already_there_is_refused()
    {
        await using var world = await World.CreateAsync();
        var order = TemplateWorld.NewOrder();
        await world.ExecuteAsync($"create database {order.Database}");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CheckTemplate>(order));

        Assert.Contains($"'{order.Database}' is already there", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_of_the_server_is_said_so()
    {
        await using var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { DatabasePassword = "wrong" };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CheckTemplate>(TemplateWorld.NewOrder()));

        Assert.Contains("refused the password", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base;rm -rf /", "fr_FR", "odoo-bin", "modules")]
    [InlineData("base", "--config=/etc/shadow", "odoo-bin", "language")]
    [InlineData("base", "fr_FR", "magic", "known are odoo-bin, json-rpc, none")]
    public async Task What_would_become_an_argument_is_checked(string module, string language, string initialisation, string word)
    {
        await using var world = await World.CreateAsync();
        var order = TemplateWorld.NewOrder() with { Modules = [module], Language = language, Initialisation = initialisation };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CheckTemplate>(order));

        Assert.Contains(word, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dropping_takes_our_database_and_succeeds_when_there_is_none()
    {
        await using var world = await World.CreateAsync();
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);

        await world.RunAsync<DropTemplateDatabase>(order);
        await world.RunAsync<DropTemplateDatabase>(order);

        Assert.False(await world.DatabaseExistsAsync(order.Database));
    }

    [Fact]
    public async Task Dropping_leaves_a_database_without_our_mark()
    {
        await using var world = await World.CreateAsync();
        var order = TemplateWorld.NewOrder();
        await world.ExecuteAsync($"create database {order.Database}");

        await world.RunAsync<DropTemplateDatabase>(order);

        Assert.True(await world.DatabaseExistsAsync(order.Database));
    }

    [Fact]
    public async Task The_files_of_a_template_that_failed_go_with_its_database_and_those_of_others_stay()
    {
        var folder = PostgresFixture.NewFolder();
        await using var world = await World.CreateAsync(("FileStore:Provider", "folder"), ("FileStore:Folder", folder));
        world.DeleteAtEnd(folder);
        var (order, other) = (TemplateWorld.NewOrder(), TemplateWorld.NewOrder());
        var precious = StoreWorld.Write(Path.Combine(folder, other.Database), "precious");
        await world.RunAsync<CreateTemplateDatabase>(order);
        await world.RunAsync<CreateTemplateDatabase>(order);
        StoreWorld.Write(Path.Combine(folder, order.Database), "written by the application");

        await world.RunAsync<DropTemplateDatabase>(order);
        await world.RunAsync<DropTemplateDatabase>(order);
        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CreateTemplateDatabase>(other));
        await world.RunAsync<DropTemplateDatabase>(other);

        Assert.Equal([Path.Combine(folder, other.Database)], Directory.EnumerateFileSystemEntries(folder));
        Assert.True(File.Exists(Path.Combine(folder, other.Database, precious)));
    }

    [Fact]
    public async Task A_template_that_failed_is_told_with_its_reason()
    {
        await using var world = await World.CreateAsync();

        await world.RunAsync<MarkTemplateFailed, TemplateFailure, Unit>(new TemplateFailure(7, "create-template-x", "no room"));

        Assert.Equal("failed no room", world.Templates.Ends[7]);
    }
}
