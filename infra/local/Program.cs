using System.CommandLine;
using System.Runtime.InteropServices;
using Bibind.Local;

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
var line = LocalCommands.Define().Parse(args);
var isWrong = line.Errors.Count > 0;
try
{
    var code = await line.InvokeAsync(
        new InvocationConfiguration { Output = isWrong ? Console.Error : Console.Out, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, stop.Token);
    return isWrong ? 2 : code;
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
