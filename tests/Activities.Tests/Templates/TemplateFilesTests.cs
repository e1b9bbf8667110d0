using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Testing;
using Xunit;

namespace Bibind.Activities.Tests.Templates;

public sealed class TemplateFilesTests
{
    private static string NamesOne(string name, int bytes) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"""
        create table ir_attachment (id serial primary key, url varchar, store_fname varchar, file_size int, access_token varchar);
        insert into ir_attachment (store_fname, file_size) values ('{name}', {bytes})
        """);

    [Fact]
    public async Task A_template_whose_files_are_there_passes()
    {
        await using var world = await TemplateWorld.CreateAsync(settings: Folder(out var folder));
        world.DeleteAtEnd(Path.GetDirectoryName(folder)!);
        var order = await MadeAsync(world, StoreWorld.Write(PathOf(folder, "waiting"), "an image"), "an image".Length);
        Directory.CreateDirectory(Path.Combine(folder, order.Database));
        CopyAll(PathOf(folder, "waiting"), Path.Combine(folder, order.Database));

        await world.RunAsync<SmokeTestTemplate>(order);
    }

    [Theory]
    [InlineData(null, "not there")]
    [InlineData("an imag", "7 bytes instead of 8")]
    [InlineData("an imagE", "not the content that its name says")]
    public async Task A_file_that_is_not_whole_is_named(string? content, string reason)
    {
        await using var world = await TemplateWorld.CreateAsync(settings: Folder(out var folder));
        world.DeleteAtEnd(Path.GetDirectoryName(folder)!);
        var name = StoreWorld.Write(PathOf(folder, "waiting"), "an image");
        var order = await MadeAsync(world, name, "an image".Length);
        if (content is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, order.Database, name))!);
            await File.WriteAllTextAsync(Path.Combine(folder, order.Database, name), content);
        }

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<SmokeTestTemplate>(order));

        Assert.Contains($"{name} ({reason})", failed.Message, StringComparison.Ordinal);
        Assert.Contains("FileStore__Folder must be the <data_dir>/filestore", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_nobody_keeps_make_no_template()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await MadeAsync(world, "ab/abcdef", 1);

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<SmokeTestTemplate>(order));

        Assert.Contains("names 1 file, and no file stores are kept (FileStore__Provider is none)", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_program_writes_below_the_data_folder_of_the_file_store()
    {
        await using var world = await TemplateWorld.CreateAsync("""echo "$all" >&2; exit 1""", settings: Folder(out var folder));
        world.DeleteAtEnd(Path.GetDirectoryName(folder)!);

        var failed = await FailedAsync(world);

        Assert.EndsWith($"--data-dir {Path.GetDirectoryName(folder)}", failed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_store_that_no_data_folder_has_is_refused()
    {
        var folder = PostgresFixture.NewFolder();
        await using var world = await TemplateWorld.CreateAsync(settings: [("FileStore:Provider", "folder"), ("FileStore:Folder", folder)]);
        world.DeleteAtEnd(folder);

        Assert.Contains("name <data_dir>/filestore", await FailedAsync(world), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_with_another_data_folder_is_refused()
    {
        var settings = Folder(out var folder);
        var configuration = Path.Combine(Path.GetDirectoryName(folder)!, "odoo.conf");
        await File.WriteAllTextAsync(configuration, "[options]\ndata_dir = /var/lib/odoo\n");
        await using var world = await TemplateWorld.CreateAsync(settings: [.. settings, ("Templates:OdooConfiguration", configuration)]);
        world.DeleteAtEnd(Path.GetDirectoryName(folder)!);

        Assert.Contains("has the data_dir '/var/lib/odoo', but FileStore__Folder is in", await FailedAsync(world), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_template_with_demonstration_data_is_not_ready()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();
        await world.ExecuteAsync("alter table ir_module_module add demo boolean; update ir_module_module set demo = true where name = 'base'", order.Database);

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<SmokeTestTemplate>(order));

        Assert.Contains("installed with demonstration data", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_template_offers_is_told_when_it_is_ready()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();

        await world.MarkReadyAsync(order);

        var contents = world.Templates.Contents[order.TemplateId]!;
        Assert.Equal(["fr_FR"], contents.Languages);
        Assert.Equal(["base", "web"], contents.Modules);
        Assert.Equal("18.0", contents.Version);
    }

    [Fact]
    public async Task A_template_that_takes_no_connections_is_looked_into()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = await world.InitialisedAsync();
        await world.MarkReadyAsync(order);

        var sight = await world.Get<TemplateLook>().RunAsync(1, Applications.Odoo, order.Database, CancellationToken.None);

        Assert.Equal(["fr_FR"], sight.Contents!.Languages);
        Assert.Null(sight.Problem);
        Assert.Equal(0, await world.AskAsync<long>("select count(*) from pg_database where datname like 'bibind-look-%'"));
    }

    private static (string, string?)[] Folder(out string folder)
    {
        folder = Path.Combine(PostgresFixture.NewFolder(), "filestore");
        Directory.CreateDirectory(folder);
        return [("FileStore:Provider", "folder"), ("FileStore:Folder", folder)];
    }

    private static string PathOf(string folder, string name) => Path.Combine(Path.GetDirectoryName(folder)!, name);

    private static async Task<CreateTemplateOrder> MadeAsync(World world, string name, int bytes)
    {
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);
        await world.RunAsync<InitialiseTemplate>(order);
        await world.ExecuteAsApplicationAsync(NamesOne(name, bytes), order.Database);
        return order;
    }

    private static async Task<string> FailedAsync(World world)
    {
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);
        return (await Assert.ThrowsAnyAsync<Exception>(() => world.RunAsync<InitialiseTemplate>(order))).Message;
    }

    private static void CopyAll(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
