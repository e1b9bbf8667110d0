using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Cli.Profiles;

namespace Bibind.Cli.Commands;

/// <summary><c>bibind version</c>.</summary>
internal static class VersionCommand
{
    private static readonly View<Versions> View = new(v => v.Client, new("CLIENT", v => v.Client), new("SERVER", v => v.Server), new("ADDRESS", v => v.Address));

    public static Command Define()
    {
        var client = new Option<bool>("--client") { Description = "Of this program alone." };
        return CommandBuilder.Make("version", "Shows the versions of this program and of the API.", [client], async call =>
        {
            var versions = new Versions(Connection.Version, null, null);
            if (!call.Get(client))
            {
                var live = await call.Api.LiveAsync(call.CancellationToken);
                versions = versions with { Server = live.Version, Address = call.Connection.Address.ToString() };
            }

            await call.Writer.WriteAsync(versions, View);
            return ExitCodes.Done;
        });
    }

    private sealed record Versions(string Client, string? Server, string? Address);
}
