using System.Runtime.Versioning;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.Cli;

/// <summary>Where the command line keeps tokens, and where it sends them.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class CliProfileTests(ApiHost host) : IClassFixture<ApiHost>, IDisposable
{
    private static readonly Dictionary<string, string> Nothing = [];
    private readonly CliProgram _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_token_that_works_is_kept_where_only_its_owner_reads_it()
    {
        var login = await LoginAsync();
        var list = await _cli.RunAsync(Nothing, ["servers", "list"]);

        Assert.Equal((0, 0), (login.ExitCode, list.ExitCode));
        Assert.Contains(ApiHost.Server, list.Output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_cli.ConfigFile));
        Assert.DoesNotContain(ApiHost.ViewerToken, login.Output + login.Errors, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_cli.ConfigFile)!));
    }

    [Fact]
    public async Task A_token_that_does_not_work_is_not_kept()
    {
        var login = await LoginAsync("unknown-token-0123456789abcdef");

        Assert.Equal(3, login.ExitCode);
        Assert.False(File.Exists(_cli.ConfigFile));
    }

    [Fact]
    public async Task A_file_that_others_may_read_is_refused()
    {
        await LoginAsync();
        File.SetUnixFileMode(_cli.ConfigFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        var list = await _cli.RunAsync(Nothing, ["servers", "list"]);

        Assert.Equal(2, list.ExitCode);
        Assert.Contains("chmod 600", list.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_profiles_token_goes_to_its_own_address_only()
    {
        await LoginAsync();

        var elsewhere = await _cli.RunAsync(Nothing, ["servers", "list", "--url", "https://elsewhere.invalid"]);
        var inClear = await _cli.RunAsync(new Dictionary<string, string> { ["BIBIND_TOKEN"] = "t" }, ["servers", "list", "--url", "http://elsewhere.invalid"]);

        Assert.Equal(3, elsewhere.ExitCode);
        Assert.Contains("not signed in at https://elsewhere.invalid/", elsewhere.Errors, StringComparison.Ordinal);
        Assert.Equal(2, inClear.ExitCode);
        Assert.Contains("in clear", inClear.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Profiles_stand_beside_each_other_and_signing_out_forgets_one_token()
    {
        await LoginAsync();
        await LoginAsync(ApiHost.AdminToken, "admin");
        var signedOut = await _cli.RunAsync(Nothing, ["logout", "--profile", "admin"]);
        var kept = await _cli.RunAsync(Nothing, ["servers", "list", "--profile", "default"]);
        var forgotten = await _cli.RunAsync(Nothing, ["servers", "list", "--profile", "admin"]);
        var unknown = await _cli.RunAsync(Nothing, ["servers", "list", "--profile", "nobody"]);

        Assert.Equal((0, 0, 3, 2), (signedOut.ExitCode, kept.ExitCode, forgotten.ExitCode, unknown.ExitCode));
        Assert.DoesNotContain(ApiHost.AdminToken, await File.ReadAllTextAsync(_cli.ConfigFile), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_broken_is_named()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_cli.ConfigFile)!);
        await File.WriteAllTextAsync(_cli.ConfigFile, "current = [");
        File.SetUnixFileMode(_cli.ConfigFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);

        var list = await _cli.RunAsync(Nothing, ["servers", "list"]);

        Assert.Equal(2, list.ExitCode);
        Assert.Contains("is no valid TOML", list.Errors, StringComparison.Ordinal);
    }

    private Task<CliResult> LoginAsync(string token = ApiHost.ViewerToken, string profile = "default") =>
        _cli.RunAsync(Nothing, ["login", "--url", host.Address.ToString(), "--token-stdin", "--profile", profile], token + "\n");
}
