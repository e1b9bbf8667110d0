using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Activities.Processes;
using Bibind.Activities.Templates;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Installs modules with the application's own program.</summary>
public sealed class OdooBin(PostgresConnector postgres, IFileStore files, IOptions<TemplateOptions> options, TimeProvider time)
{
    /// <summary>Installs the template's modules into its database, which is there and empty.</summary>
    /// <exception cref="PermanentFailureException">The program is missing, or did not end within its limit.</exception>
    /// <exception cref="TransientFailureException">It failed; the last lines that it wrote.</exception>
    public async Task InstallAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        var entry = await postgres.EnterAsync(DatabaseDescriptor.Of(order), cancellationToken);
        if (order.Country is { } country)
        {
            // Which taxes and accounts a module brings is decided when it is installed, by the company's country.
            await RunAsync(order, entry, ["base"], cancellationToken);
            await SetCountryAsync(order, country, cancellationToken);
        }

        await RunAsync(order, entry, order.Modules, cancellationToken);
    }

    private async Task SetCountryAsync(CreateTemplateOrder order, string country, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(DatabaseDescriptor.Of(order), cancellationToken);
        await session.TranslateErrorsAsync(() => OdooCountry.SetAsync(session.Connection, country, cancellationToken));
    }

    private async Task RunAsync(CreateTemplateOrder order, DatabaseEntry entry, IReadOnlyList<string> modules, CancellationToken cancellationToken)
    {
        var limit = options.Value.InitialisationLimit;
        using var process = Start(order, entry, modules);
        var tail = new OutputTail(entry.Login.Password);
        using var limited = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        try
        {
            process.StandardInput.Close();
            await Task.WhenAll(
                tail.ReadAsync(process.StandardOutput, either.Token),
                tail.ReadAsync(process.StandardError, either.Token),
                process.WaitForExitAsync(either.Token));
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new PermanentFailureException(
                $"The initialisation of '{order.Database}' did not end within {limit} (Templates__InitialisationLimit) and was stopped. It said: {tail}");
        }
        finally
        {
            await EndAsync(process);
        }

        if (process.ExitCode != 0)
        {
            throw new TransientFailureException($"The initialisation of '{order.Database}' failed with exit code {process.ExitCode}: {tail}");
        }
    }

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private Process Start(CreateTemplateOrder order, DatabaseEntry entry, IReadOnlyList<string> modules)
    {
        var program = options.Value.OdooBin;
        var file = ExternalProgram.Find(program)
            ?? throw new PermanentFailureException($"The program '{program}' (Templates__OdooBin) was not found.");
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
            ArgumentList =
            {
                "-d", order.Database,
                "-i", string.Join(',', modules),
                "--without-demo=all",
                $"--load-language={order.Language}",
                "--stop-after-init",
                "--no-http",
                "--max-cron-threads=0",
                "--db_host", entry.Server.DatabaseHost,
                "--db_port", entry.Server.DatabasePort.ToString(CultureInfo.InvariantCulture),
                "-r", entry.Login.Role,
            },
        };
        OdooDataFolder.Arguments(options.Value, files.IsOn ? files.FolderOf(entry.Server.Code) : null).ForEach(start.ArgumentList.Add);
        PostgresEnvironment.Apply(start.Environment, entry, SessionSettings.Application(entry.MajorVersion));
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception refused)
        {
            throw new PermanentFailureException($"The program '{file}' (Templates__OdooBin) cannot be run: {refused.Message}.", refused);
        }
    }
}
