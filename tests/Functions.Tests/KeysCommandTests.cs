using System.Security.Cryptography;
using Bibind.ControlPlane.Registration;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Secrets;
using Bibind.Functions.Commands;
using Bibind.Functions.Settings;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary><c>keys list</c> and <c>keys rotate</c>, as an operator changes the master key with them.</summary>
public sealed class KeysCommandTests(PostgresServer postgres)
{
    [Fact]
    public async Task The_key_is_changed_step_by_step_and_never_shown()
    {
        var (former, next) = (NewKey(), NewKey());
        var connection = await postgres.CreateControlDatabaseAsync();
        await StoreAsync(connection, former);

        var (exitBefore, before) = await RunAsync(["list"], connection, former, next);
        var (exitBetween, between) = await RunAsync(["list"], connection, next, former);
        var (exitRotate, rotate) = await RunAsync(["rotate"], connection, next, former);
        var (exitAfter, after) = await RunAsync(["list"], connection, next);

        Assert.Equal((0, 1, 0, 0), (exitBefore, exitBetween, exitRotate, exitAfter));
        Assert.Matches($"(?m)^{IdOf(former)} +2 secrets  Secrets__MasterKey$", before);
        Assert.Matches($"(?m)^{IdOf(former)} +2 secrets  Secrets__OtherKeys$", between);
        Assert.Contains($"2 secrets were stored with the key {IdOf(next)}.", rotate, StringComparison.Ordinal);
        Assert.Matches($"^{IdOf(next)} +2 secrets  Secrets__MasterKey\\s*$", after);
        Assert.All(new[] { before, between, rotate, after }, text => Assert.DoesNotContain(former, text, StringComparison.Ordinal));
        Assert.All(new[] { before, between, rotate, after }, text => Assert.DoesNotContain(next, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_moves_from_the_settings_to_where_they_say_it_is()
    {
        var (former, next) = (NewKey(), NewKey());
        var connection = await postgres.CreateControlDatabaseAsync();
        await StoreAsync(connection, former);
        var file = Path.Combine(Path.GetTempPath(), $"bibind-key-{Guid.NewGuid():n}");
        await File.WriteAllTextAsync(file, next);

        var (exit, rotate) = await RunAsync(["rotate"], connection, $"file:{file}", former);
        File.Delete(file);
        var (missing, said) = await RunAsync(["list"], connection, $"file:{file}", former);

        Assert.Equal(0, exit);
        Assert.Contains($"2 secrets were stored with the key {IdOf(next)}.", rotate, StringComparison.Ordinal);
        Assert.Equal(SettingsException.ExitCode, missing);
        Assert.StartsWith($"Secrets__MasterKey refers to the file {file}, which cannot be read", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_of_a_key_that_is_not_in_the_settings_are_told()
    {
        var former = NewKey();
        var connection = await postgres.CreateControlDatabaseAsync();
        await StoreAsync(connection, former);

        var (listed, list) = await RunAsync(["list"], connection, NewKey());
        var (rotated, rotate) = await RunAsync(["rotate"], connection, NewKey());

        Assert.Equal((1, 1), (listed, rotated));
        Assert.Contains("not in the settings: these secrets do not open", list, StringComparison.Ordinal);
        Assert.Contains($"2 secrets are stored with the key {IdOf(former)}", rotate, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rotate", "now")]
    [InlineData("delete")]
    [InlineData]
    public async Task Other_arguments_are_refused(params string[] arguments)
    {
        var (exit, said) = await RunAsync(arguments, "Host=nowhere", NewKey());

        Assert.Equal(SettingsException.ExitCode, exit);
        Assert.Contains("rotate", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_none_is_named_by_its_setting()
    {
        var (exit, said) = await RunAsync(["list"], await postgres.CreateControlDatabaseAsync(), NewKey(), "c2hvcnQ=");

        Assert.Equal(SettingsException.ExitCode, exit);
        Assert.Contains("Secrets__OtherKeys__0 holds 5 bytes", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Certificates__Provider is none: there is no account at a certificate authority.", "rotate-acme-account")]
    [InlineData("We hold no certificate of this name; write it as it stands in the certificate.", "replace-certificate", "acme.example.test")]
    public async Task Without_an_authority_there_is_no_key_of_it(string words, params string[] arguments)
    {
        await using var output = new StringWriter();

        var exit = await HostCommands.RunAsync(
            KeysCommand.Define(() => FunctionsHost.Build([.. HostProgram.Valid]), () => throw new InvalidOperationException("The host has them.")),
            arguments, output, output, CancellationToken.None);

        Assert.Equal((1, words), (exit, output.ToString().Trim()));
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static string IdOf(string key) => Convert.ToHexStringLower(SHA256.HashData(Convert.FromBase64String(key)))[..8];

    private static async Task StoreAsync(string connection, string key)
    {
        await using var services = new ServiceCollection().AddLogging()
            .AddSingleton(_ => ControlPlaneServices.CreateDataSource(connection))
            .AddControlPlane(Configuration(connection, key)).BuildServiceProvider();
        await services.GetRequiredService<ControlDatabaseMigrator>().ApplyAsync(CancellationToken.None);
        await services.GetRequiredService<MasterKeyCheck>().VerifyAsync(CancellationToken.None);
        await services.GetRequiredService<ISecretStore>().SetAsync("tenants/1/administrator", "password", CancellationToken.None);
    }

    private static async Task<(int Exit, string Said)> RunAsync(string[] arguments, string connection, string key, params string[] others)
    {
        await using var output = new StringWriter();
        var exit = await HostCommands.RunAsync(
            KeysCommand.Define(() => throw new InvalidOperationException("No host is needed."), () => Configuration(connection, key, others)), arguments, output, output, CancellationToken.None);
        return (exit, output.ToString());
    }

    private static IConfiguration Configuration(string connection, string key, params string[] others) =>
        new ConfigurationBuilder().AddInMemoryCollection(
        [
            new("ControlDatabase", connection), new("Platform:Domain", "example.test"), new("Secrets:MasterKey", key),
            .. others.Select((other, i) => new KeyValuePair<string, string?>($"Secrets:OtherKeys:{i}", other)),
        ]).Build();
}
