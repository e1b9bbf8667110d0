using System.Text.RegularExpressions;
using Bibind.Functions.Tests.SignIn;
using Xunit;

namespace Bibind.Functions.Tests.Cli;

/// <summary>The command line signs in at a real issuer by a code that a person confirms.</summary>
public sealed partial class CliSignInTests(ConsoleIssuerHost host) : IClassFixture<ConsoleIssuerHost>, IDisposable
{
    private static readonly Dictionary<string, string> Nothing = [];
    private readonly CliProgram _cli = new();

    public void Dispose() => _cli.Dispose();

    [Fact]
    public async Task A_code_that_a_person_confirms_signs_in_and_the_token_is_renewed()
    {
        using var login = _cli.Start(Nothing, ["login", "--url", host.Api.Address.ToString()]);
        await login.UntilSaidAsync("and confirm the code");
        var said = Said().Match(login.Errors);
        using var browser = new Browser(host.Api.Address);
        await IssuerSignIn.ConfirmAsync(browser, new Uri(said.Groups["address"].Value), said.Groups["code"].Value, "vera");

        var signedIn = await login.EndAsync();
        var list = await _cli.RunAsync(Nothing, ["servers", "list"]);
        await ExpireAsync();
        var renewed = await _cli.RunAsync(Nothing, ["servers", "list"]);
        var refused = await _cli.RunAsync(Nothing, ["audit"]);

        Assert.Equal((0, 0, 0, 3), (signedIn.ExitCode, list.ExitCode, renewed.ExitCode, refused.ExitCode));
        Assert.DoesNotContain("2020-01-01", await File.ReadAllTextAsync(_cli.ConfigFile), StringComparison.Ordinal);
    }

    // As if the token had ended long ago; the issuer takes the refresh token.
    private async Task ExpireAsync()
    {
        var text = await File.ReadAllTextAsync(_cli.ConfigFile);
        Assert.Matches(Ends(), text);
        await File.WriteAllTextAsync(_cli.ConfigFile, Ends().Replace(text, "expiresAt = 2020-01-01T00:00:00Z"));
    }

    [GeneratedRegex(@"Open (?<address>\S+) and confirm the code (?<code>\S+)\.")]
    private static partial Regex Said();

    [GeneratedRegex("(?m)^expiresAt = .*$")]
    private static partial Regex Ends();
}
