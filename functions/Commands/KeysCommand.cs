using System.CommandLine;
using Bibind.ControlPlane.Secrets;

namespace Bibind.Functions.Commands;

/// <summary>
/// <c>Bibind.Functions keys list</c> and <c>keys rotate</c>: with which keys the installation's secrets are stored, and storing them with
/// the master key of today; keys are shown by their ids only.
/// </summary>
internal static class KeysCommand
{
    private const string Settings = "The settings are the host's: ControlDatabase, Secrets__MasterKey, and in Secrets__OtherKeys__0 the key before it.";

    /// <summary>The command, with a host's settings. Its exit code is 1 if secrets are stored with other keys afterwards.</summary>
    /// <param name="build">Composes a host, which is not started.</param>
    /// <param name="configuration">Reads all settings.</param>
    public static Command Define(Func<WebApplication> build, Func<IConfiguration> configuration)
    {
        return new Command("keys", $"Shows and changes the keys that secrets are stored with (docs/keys.md).\n{Settings}")
        {
            Make("list", "Lists the keys by their ids, and how many secrets are stored with each.", ListAsync),
            Make("rotate", "Stores every secret with the master key, while hosts run.", RotateAsync),
            AuthorityKeysCommand.DefineAccount(build),
            AuthorityKeysCommand.DefineCertificate(build),
        };

        Command Make(string name, string description, Func<SecretRotation, InvocationConfiguration, CancellationToken, Task<int>> runAsync)
        {
            var command = new Command(name, $"{description}\n{Settings}");
            command.SetAction((line, token) => ControlServices.RunAsync(
                services => runAsync(services.GetRequiredService<SecretRotation>(), line.InvocationConfiguration, token), configuration(), Settings, line.InvocationConfiguration));
            return command;
        }
    }

    private static async Task<int> ListAsync(SecretRotation rotation, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var uses = (await rotation.CountAsync(cancellationToken)).ToDictionary(u => u.KeyId, u => u.Count);
        foreach (var id in rotation.KnownKeyIds.Union(uses.Keys))
        {
            var role = id == rotation.CurrentKeyId ? "Secrets__MasterKey"
                : rotation.KnownKeyIds.Contains(id) ? "Secrets__OtherKeys" : "not in the settings: these secrets do not open";
            await console.Output.WriteLineAsync($"{id}  {uses.GetValueOrDefault(id),8} secrets  {role}");
        }

        return uses.Keys.All(id => id == rotation.CurrentKeyId) ? 0 : 1;
    }

    private static async Task<int> RotateAsync(SecretRotation rotation, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var result = await rotation.RotateAsync(new Progress(console.Output), cancellationToken);
        foreach (var failure in result.Failures)
        {
            await console.Error.WriteLineAsync(failure);
        }

        await console.Output.WriteLineAsync($"{result.Rotated} secrets were stored with the key {rotation.CurrentKeyId}.");
        var left = (await rotation.CountAsync(cancellationToken)).Where(u => u.KeyId != rotation.CurrentKeyId).ToList();
        await console.Output.WriteLineAsync(left.Count == 0
            ? "No secret is stored with another key. When every host runs with this master key, remove Secrets__OtherKeys."
            : $"{string.Join(", ", left)}. Hosts whose master key that is may have written them: give those the new one, then rotate again.");
        return left.Count == 0 ? 0 : 1;
    }

    private sealed class Progress(TextWriter output) : IProgress<int>
    {
        public void Report(int value) => output.WriteLine($"{value} secrets ...");
    }
}
