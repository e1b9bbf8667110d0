using System.CommandLine;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Roles;
using Bibind.Functions.Settings;

namespace Bibind.Functions;

/// <summary>What the program does besides being a host: <c>queues</c>, <c>roles</c> and <c>functions</c>; <c>--help</c> after each says how.</summary>
internal static class HostCommands
{
    /// <summary>True if the arguments ask for one of them; all else are settings of the host.</summary>
    public static bool AreAskedFor(IReadOnlyList<string> arguments) => arguments is [PoisonCommand.Name or RolesCommand.Name or FunctionManifest.Name, ..];

    /// <summary>Runs one with the settings that a host here would have; answers the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var all = new RootCommand("Commands of Bibind.Functions. Without one it is the host.")
        {
            PoisonCommand.Define(FunctionsHost.ReadConfiguration),
            RolesCommand.Define(FunctionsHost.ReadConfiguration),
            FunctionManifest.Define(),
        };
        try
        {
            return await RunAsync(all, arguments, Console.Out, Console.Error, CancellationToken.None);
        }
        catch (SettingsException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message);
            return SettingsException.ExitCode;
        }
    }

    /// <summary>Runs a command; what it does not understand is named, with its usage, among the errors.</summary>
    public static async Task<int> RunAsync(
        Command command, IReadOnlyList<string> arguments, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        // A name that begins with @ is a name, not a file of arguments.
        var line = command.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var isWrong = line.Errors.Count > 0;
        var code = await line.InvokeAsync(
            new InvocationConfiguration
            {
                Output = isWrong ? errors : output,
                Error = errors,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            },
            cancellationToken);
        return isWrong ? SettingsException.ExitCode : code;
    }
}
