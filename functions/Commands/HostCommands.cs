using System.CommandLine;
using Bibind.Functions.Settings;
using Bibind.Functions.Startup;

namespace Bibind.Functions.Commands;

/// <summary>What the program can be asked to do: it is the host unless it is told something else; <c>--help</c> says how.</summary>
internal static class HostCommands
{
    private const string Description = """
        The host of Bibind.Functions: serves the API and works on orders, unless a command is given.

        Settings are read from local.settings.json, the environment, and the command line as --Section__Name=value, with every
        command; docs/settings.md lists them all.
        """;

    /// <summary>Does what the arguments say; answers the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var (settings, others) = SettingArguments.Split(arguments);
        try
        {
            return await RunAsync(Define(settings), others, Console.Out, Console.Error, CancellationToken.None);
        }
        catch (SettingsException wrong)
        {
            await Console.Error.WriteLineAsync(wrong.Message);
            return SettingsException.ExitCode;
        }
        catch (StartException unavailable)
        {
            await Console.Error.WriteLineAsync(unavailable.Message);
            return StartException.ExitCode;
        }
    }

    /// <summary>Runs a command; what it does not understand is named, with its usage, among the errors.</summary>
    public static async Task<int> RunAsync(
        Command command, IReadOnlyList<string> arguments, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        // Only what stands at the root shows its usage.
        var root = command as RootCommand ?? new RootCommand { command };
        // A name that begins with @ is a name, not a file of arguments.
        var line = root.Parse(command == root ? arguments : [command.Name, .. arguments], new ParserConfiguration { ResponseFileTokenReplacer = null });
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

    private static RootCommand Define(string[] settings)
    {
        IConfigurationRoot ReadConfiguration() => FunctionsHost.ReadConfiguration(settings);
        var serve = new Command("serve", "Serves until it is told to stop; the same as no command.");
        serve.SetAction((_, _) => FunctionsHost.RunAsync(settings));
        var all = new RootCommand(Description)
        {
            serve,
            FunctionsCommand.Define(),
            SettingsCommand.Define(() => FunctionsHost.Build(settings), ReadConfiguration),
            PoisonCommand.Define(ReadConfiguration),
            RolesCommand.Define(ReadConfiguration),
            KeysCommand.Define(() => FunctionsHost.Build(settings), ReadConfiguration),
            MigrateCommand.Define(ReadConfiguration),
            ControlCommand.DefineBackup(ReadConfiguration),
            ControlCommand.DefineRestore(() => FunctionsHost.Build(settings), ReadConfiguration),
        };
        all.SetAction((_, _) => FunctionsHost.RunAsync(settings));
        return all;
    }
}
