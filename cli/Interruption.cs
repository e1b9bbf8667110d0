using System.Runtime.InteropServices;

namespace Bibind.Cli;

/// <summary>
/// Ctrl-C, or the end that a system asks for: the command is told, and says what is to be said, however long that takes. Asked a second time, the
/// process ends at once. The command line's library listens only once a command has begun to wait, and cuts it off after two seconds.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _signals;

    public Interruption() =>
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Ask), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Ask)];

    /// <summary>Cancelled when somebody asked.</summary>
    public CancellationToken Token => _asked.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _asked.Dispose();
    }

    private void Ask(PosixSignalContext context)
    {
        if (_asked.IsCancellationRequested)
        {
            return;
        }

        context.Cancel = true;

        // What was waited for goes on elsewhere: it may end the program, and this with it.
        _ = _asked.CancelAsync();
    }
}
