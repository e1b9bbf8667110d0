using System.ComponentModel;
using System.Diagnostics;
using Bibind.Activities.Processes;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Nginx;

/// <summary>Runs <c>nginx</c> to test a configuration and to tell the running one to read it again.</summary>
internal sealed class NginxProgram(IOptions<NginxOptions> options)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>What nginx has against its configuration; null if nothing.</summary>
    public Task<string?> TestAsync(CancellationToken cancellationToken) => RunAsync(["-t", "-q"], cancellationToken);

    /// <summary>Makes the running nginx read its configuration again.</summary>
    /// <exception cref="TransientFailureException">None is running.</exception>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        if (await RunAsync(["-s", "reload", "-q"], cancellationToken) is { } failure)
        {
            throw new TransientFailureException($"nginx did not take the signal to read its configuration again: {failure}");
        }
    }

    private async Task<string?> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var program = ExternalProgram.Find(options.Value.Program)
            ?? throw new PermanentFailureException($"There is no program '{options.Value.Program}', which Routing__Nginx__Program names.");
        using var process = Start(new ProcessStartInfo(program, ["-c", options.Value.Configuration, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        var tail = new OutputTail();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await Task.WhenAll(tail.ReadAsync(process.StandardOutput, limit.Token), tail.ReadAsync(process.StandardError, limit.Token));
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TransientFailureException($"nginx {arguments[0]} did not end in time.");
        }

        return process.ExitCode == 0 ? null : tail.ToString();
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception refused)
        {
            throw new PermanentFailureException($"'{start.FileName}' cannot be run: {refused.Message} (Routing__Nginx__Program).", refused);
        }
    }
}
