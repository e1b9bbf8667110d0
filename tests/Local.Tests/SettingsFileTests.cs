using System.Text.Json.Nodes;
using Bibind.Local.Demo;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class SettingsFileTests : IDisposable
{
    private static readonly Dictionary<string, string> Templates = new() { ["blank"] = "template_blank" };
    private readonly string root = PostgresFixture.NewFolder();

    public void Dispose() => Directory.Delete(root, recursive: true);

    private string File => Path.Combine(root, "local.settings.json");

    [Fact]
    public async Task A_new_file_has_secrets_of_its_own_and_is_readable_by_its_owner_only()
    {
        var first = SettingsFile.Prepare(root, await PostgresFixture.GetAsync(), Templates);
        var token = first.ApiToken;
        System.IO.File.Delete(File);
        var second = SettingsFile.Prepare(root, await PostgresFixture.GetAsync(), Templates);

        Assert.NotEqual(token, second.ApiToken);
        Assert.Equal(32, Convert.FromBase64String(second.Required("Secrets__MasterKey")).Length);
        Assert.Equal("template_blank", second.Required("Seed__Templates__blank"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public async Task A_later_start_changes_nothing()
    {
        SettingsFile.Prepare(root, await PostgresFixture.GetAsync(), Templates);
        var before = await System.IO.File.ReadAllTextAsync(File);

        SettingsFile.Prepare(root, await PostgresFixture.GetAsync(), Templates);

        Assert.Equal(before, await System.IO.File.ReadAllTextAsync(File));
    }

    [Fact]
    public async Task A_moved_PostgreSQL_is_followed_and_everything_else_kept()
    {
        var postgres = await PostgresFixture.GetAsync();
        SettingsFile.Prepare(root, postgres, Templates);
        var document = JsonNode.Parse(await System.IO.File.ReadAllTextAsync(File))!;
        document["Values"]!["ControlDatabase"] = "Host=127.0.0.1;Port=1;Database=bibind_control;Username=bibind;Password=old;Maximum Pool Size=7";
        document["Values"]!["Seed__Server__DatabasePort"] = "1";
        document["Values"]!["Urls"] = "http://127.0.0.1:9999";
        document["Values"]!["Mine"] = "kept";
        document["Mine"] = "kept too";
        await System.IO.File.WriteAllTextAsync(File, document.ToJsonString());

        var followed = SettingsFile.Prepare(root, postgres, Templates);

        var database = new NpgsqlConnectionStringBuilder(followed.Required("ControlDatabase"));
        Assert.Equal((postgres.Port, 7), (database.Port, database.MaxPoolSize));
        Assert.Equal(postgres.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), followed.Required("Seed__Server__DatabasePort"));
        Assert.Equal("kept", followed.Required("Mine"));
        Assert.Equal(9999, followed.Address.Port);
        Assert.Equal("kept too", JsonNode.Parse(await System.IO.File.ReadAllTextAsync(File))!["Mine"]!.ToString());
    }

    [Fact]
    public async Task A_control_database_on_another_machine_is_left_alone()
    {
        const string Elsewhere = "Host=db.example.com;Port=5432;Database=control";
        await System.IO.File.WriteAllTextAsync(File, new JsonObject { ["Values"] = new JsonObject { ["ControlDatabase"] = Elsewhere } }.ToJsonString());

        var settings = SettingsFile.Prepare(root, await PostgresFixture.GetAsync(), Templates);

        Assert.Equal(Elsewhere, settings.Required("ControlDatabase"));
    }

    [Fact]
    public async Task A_file_that_is_not_JSON_is_refused_and_left_alone()
    {
        await System.IO.File.WriteAllTextAsync(File, "{ nonsense");
        var postgres = await PostgresFixture.GetAsync();

        var refusal = Assert.Throws<LocalServerException>(() => SettingsFile.Prepare(root, postgres, Templates));

        Assert.Contains("local.settings.json is not valid JSON", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("{ nonsense", await System.IO.File.ReadAllTextAsync(File));
    }
}
