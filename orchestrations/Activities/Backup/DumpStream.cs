using System.Diagnostics;
using Bibind.Activities.Processes;
using Bibind.Activities.Storage;
using Bibind.Durable;

namespace Bibind.Activities.Backup;

/// <summary>
/// What a running <c>pg_dump</c> writes. The end of the stream is the end of a good dump: where the program failed, the
/// last read throws instead, so that no half dump is ever stored as a whole one.
/// </summary>
internal sealed class DumpStream : AsyncReadStream
{
    private readonly Process _process;
    private readonly string _database;
    private readonly OutputTail _errors;
    private readonly Task _readErrors;

    public DumpStream(Process process, string database, string password)
    {
        _process = process;
        _database = database;
        _errors = new OutputTail(password);
        _readErrors = _errors.ReadAsync(process.StandardError, CancellationToken.None);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await _process.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken);
        if (read == 0 && buffer.Length > 0)
        {
            await ThrowIfFailedAsync(cancellationToken);
        }

        return read;
    }

    /// <summary>Ends the program if it still runs, and waits until it is gone.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        await _readErrors;
        _process.Dispose();
        await base.DisposeAsync();
    }

    private async Task ThrowIfFailedAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        await _readErrors;
        if (_process.ExitCode == 0)
        {
            return;
        }

        var tail = _errors.ToString();
        if (tail.Contains("permission denied", StringComparison.Ordinal) || tail.Contains("row-level security", StringComparison.Ordinal))
        {
            throw new PermanentFailureException($"pg_dump may not read all of '{_database}': {tail}");
        }

        if (tail.Contains("server version mismatch", StringComparison.Ordinal))
        {
            throw new PermanentFailureException(
                $"pg_dump is older than the server of '{_database}': name a newer one in Backups__PgDump. It said: {tail}");
        }

        throw new TransientFailureException($"pg_dump of '{_database}' failed with exit code {_process.ExitCode}: {tail}");
    }
}
