using System.Runtime.InteropServices;
using Bibind.Local;
using Bibind.Local.Demo;

const string Usage = """
    usage: run [--full [--stand-in]] [--once] [--port N]   a whole local installation, and one tenant in it
           Bibind.Local demo [--root FOLDER] [--full [--stand-in]] [--once] [--port N]
           Bibind.Local postgres [--data FOLDER] [--throwaway]
           Bibind.Local template NAME --connection STRING [--variant blank|restaurant|ecommerce|services] [--small] [--lock]
    """;

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
try
{
    return args.FirstOrDefault() switch
    {
        "demo" => await DemoCommand.RunAsync(CommandLine.Parse(args, ["--full", "--stand-in", "--once"], ["--root", "--port"]), stop.Token),
        "postgres" => await DeveloperCommands.RunPostgresAsync(CommandLine.Parse(args, ["--throwaway"], ["--data"]), stop.Token),
        "template" => await DeveloperCommands.BuildTemplateAsync(
            CommandLine.Parse(args, ["--small", "--lock"], ["--connection", "--variant"]), stop.Token),
        null => throw new UsageException("Say what to do."),
        var unknown => throw new UsageException($"There is no command '{unknown}'."),
    };
}
catch (UsageException wrong)
{
    await Console.Error.WriteLineAsync($"{wrong.Message}\n{Usage}");
    return 2;
}
catch (LocalServerException failure)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 130;
}
