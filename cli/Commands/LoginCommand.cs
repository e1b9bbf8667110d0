using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using Bibind.Cli.Profiles;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind login</c> and <c>bibind logout</c>.</summary>
internal static class LoginCommand
{
    public static Command Define()
    {
        var fromInput = new Option<bool>("--token-stdin") { Description = "Reads a token from the standard input instead of asking the issuer." };
        return CommandBuilder.Make(
            "login", "Signs in: with a code in a browser where the API has an issuer, with a token otherwise.", [fromInput],
            call => SignInAsync(call, call.Get(fromInput)));
    }

    public static Command DefineLogout() => CommandBuilder.Make("logout", "Forgets the token of a profile.", [], async call =>
    {
        var file = ProfileFile.Default();
        var profiles = file.Read();
        var name = Connection.NameOf(call.Get(Globals.Profile), profiles);
        if (!profiles.Profiles.TryGetValue(name, out var profile))
        {
            throw new CommandException($"There is no profile '{name}' in {file.Path}.", ExitCodes.NotFound);
        }

        profiles.Profiles[name] = new Profile { Url = profile.Url };
        file.Write(profiles);
        await call.Writer.SayAsync($"The token of '{name}' is forgotten here. One that was made for this program is also to be revoked: it is listed among the operators' tokens.");
        return ExitCodes.Done;
    });

    private static async Task<int> SignInAsync(CommandCall call, bool fromInput)
    {
        var file = ProfileFile.Default();
        var profiles = file.Read();
        var name = Connection.NameOf(call.Get(Globals.Profile), profiles);
        var url = call.Get(Globals.Url) ?? Environment.GetEnvironmentVariable("BIBIND_URL") ?? profiles.Profiles.GetValueOrDefault(name)?.Url
            ?? throw new CommandException("Where? bibind login --url ADDRESS", ExitCodes.Usage);
        var address = Connection.ReadAddress(url);

        var profile = fromInput ? new Profile { Token = (await Console.In.ReadToEndAsync(call.CancellationToken)).Trim() } : await AskAsync(call, address);
        profile.Url = address.ToString();
        await TryAsync(call, address, profile.Token);

        profiles.Current = name;
        profiles.Profiles[name] = profile;
        file.Write(profiles);
        await call.Writer.SayAsync($"Signed in at {address} as profile '{name}' ({file.Path}).");
        return ExitCodes.Done;
    }

    private static async Task<Profile> AskAsync(CommandCall call, Uri address)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var answer = await http.GetAsync(new Uri(address, "api/sign-in"), call.CancellationToken);
        var info = answer.StatusCode == HttpStatusCode.OK && answer.Content.Headers.ContentType?.MediaType == "application/json"
            ? await answer.Content.ReadFromJsonAsync<SignInInfo>(call.CancellationToken) : null;
        if (info is { Issuer: not null, ClientId: not null })
        {
            return await Issuer.SignInAsync(http, info, call.Writer.SayAsync, call.CancellationToken);
        }

        if (Console.IsInputRedirected)
        {
            throw new CommandException("Nobody can be asked for the token here: use --token-stdin.", ExitCodes.Usage);
        }

        await call.Writer.Errors.WriteAsync("Token: ");
        var token = ReadHidden();
        await call.Writer.SayAsync("");
        return new Profile { Token = token };
    }

    // A token that does not work is not kept.
    private static async Task TryAsync(CommandCall call, Uri address, string? token)
    {
        if (string.IsNullOrEmpty(token) || token.Any(c => c is <= ' ' or > '~'))
        {
            throw new CommandException("A token is printable ASCII without spaces.", ExitCodes.Usage);
        }

        using var connection = Connection.Open(address, token);
        await connection.Api.ListJobsAsync(pageSize: 1, cancellationToken: call.CancellationToken);
    }

    private static string ReadHidden()
    {
        var typed = new System.Text.StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return typed.ToString();
                case ConsoleKey.Backspace when typed.Length > 0:
                    typed.Length--;
                    break;
                case var _ when key.KeyChar >= ' ':
                    typed.Append(key.KeyChar);
                    break;
            }
        }
    }
}
