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

/// <summary>Runs the application's own program on a database.</summary>
public sealed class OdooBin(PostgresConnector postgres, IFileStore files, IOptions<TemplateOptions> options, TimeProvider time)
{
    /// <summary>True if the program is on this machine.</summary>
    public bool IsAtHand => ExternalProgram.Find(options.Value.OdooBin) is not null;

    /// <summary>Why it cannot be run here, in words.</summary>
    public string MissingWords => $"The program '{options.Value.OdooBin}' (Templates__OdooBin) was not found.";

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
            await InstallAsync(order, entry, ["base"], cancellationToken);
            await SetCountryAsync(order, country, cancellationToken);
        }

        await InstallAsync(order, entry, order.Modules, cancellationToken);
    }

    /// <summary>Upgrades modules of a tenant's database.</summary>
    /// <exception cref="PermanentFailureException">The program is missing, failed, or did not end within the limit; the last lines that it wrote.</exception>
    public async Task UpgradeAsync(TenantDescriptor place, IReadOnlyList<string> modules, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var entry = await postgres.EnterAsync(DatabaseDescriptor.Of(place), cancellationToken);
        var run = new Run($"The upgrade of '{place.Database}'", limit, "limitMinutes");
        if (await RunAsync(entry, run, ["-d", place.Database, "-u", string.Join(',', modules), .. Once], cancellationToken) is { } failure)
        {
            // It went well on the copy, or would fail there too: visitors do not wait for more of the same.
            throw new PermanentFailureException(failure);
        }
    }

    /// <summary>Takes from a copy what its modules say that could go out.</summary>
    /// <returns>False if the program has no such command: before 16, and where a wrapper puts arguments before it.</returns>
    /// <exception cref="PermanentFailureException">The program is missing, failed, or did not end within the limit; the last lines that it wrote.</exception>
    public async Task<bool> NeutraliseAsync(TenantDescriptor copy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var entry = await postgres.EnterAsync(DatabaseDescriptor.Of(copy), cancellationToken);
        var run = new Run($"The neutralisation of '{copy.Database}'", options.Value.InitialisationLimit, "Templates__InitialisationLimit");
        return await RunAsync(entry, run, ["neutralize", "-d", copy.Database], cancellationToken) switch
        {
            null => true,
            var failure when LacksCommand(failure) => false,
            var failure => throw new PermanentFailureException(failure),
        };
    }

    /// <summary>The SQL by which a database's modules neutralise themselves, as the program writes it; nothing is changed.</summary>
    /// <returns>Null if the program has no such command.</returns>
    /// <exception cref="PermanentFailureException">The program is missing, failed, or did not end within the limit; the last lines that it wrote.</exception>
    public async Task<string?> ReadNeutralisationAsync(TenantDescriptor copy, string database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        var entry = await postgres.EnterAsync(DatabaseDescriptor.Of(copy, database), cancellationToken);
        var lines = new List<string>();
        var run = new Run($"The neutralisation of '{database}'", options.Value.InitialisationLimit, "Templates__InitialisationLimit") { Output = lines.Add };
        return await RunAsync(entry, run, ["neutralize", "-d", database, "--stdout"], cancellationToken) switch
        {
            // In a transaction of ours.
            null => string.Join('\n', lines.Where(l => l.Trim() is not ("BEGIN;" or "COMMIT;"))),
            var failure when LacksCommand(failure) => null,
            var failure => throw new PermanentFailureException(failure),
        };
    }

    private static bool LacksCommand(string failure) =>
        failure.Contains("unrecognized parameters: neutralize", StringComparison.Ordinal) || failure.Contains("no such option: --stdout", StringComparison.Ordinal)
        || failure.Contains("Unknown command", StringComparison.Ordinal);

    private static readonly string[] Once = ["--stop-after-init", "--no-http", "--max-cron-threads=0"];

    private async Task SetCountryAsync(CreateTemplateOrder order, string country, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(DatabaseDescriptor.Of(order), cancellationToken);
        await session.TranslateErrorsAsync(() => OdooCountry.SetAsync(session.Connection, country, cancellationToken));
    }

    private async Task InstallAsync(CreateTemplateOrder order, DatabaseEntry entry, IReadOnlyList<string> modules, CancellationToken cancellationToken)
    {
        var run = new Run($"The initialisation of '{order.Database}'", options.Value.InitialisationLimit, "Templates__InitialisationLimit");
        string[] arguments = ["-d", order.Database, "-i", string.Join(',', modules), "--without-demo=all", $"--load-language={order.Language}", .. Once];
        if (await RunAsync(entry, run, arguments, cancellationToken) is { } failure)
        {
            throw new TransientFailureException(failure);
        }
    }

    // Null if it ended well; else what it said.
    private async Task<string?> RunAsync(DatabaseEntry entry, Run run, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        await LeaseFence.EnsureHeldAsync();
        using var process = Start(entry, arguments);
        var tail = new OutputTail(entry.Login.Password);

        // What is asked for is on the one stream, what it says about it on the other.
        var output = run.Output is { } wanted ? new OutputTail(entry.Login.Password) { Watch = wanted } : tail;
        using var limited = new CancellationTokenSource(run.Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        try
        {
            process.StandardInput.Close();
            await Task.WhenAll(
                output.ReadAsync(process.StandardOutput, either.Token),
                tail.ReadAsync(process.StandardError, either.Token),
                process.WaitForExitAsync(either.Token));
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new PermanentFailureException($"{run.What} did not end within {run.Limit} ({run.LimitName}) and was stopped. It said: {tail}");
        }
        finally
        {
            await EndAsync(process);
        }

        return process.ExitCode == 0 ? null : $"{run.What} failed with exit code {process.ExitCode}: {tail}";
    }

    private static async Task EndAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private Process Start(DatabaseEntry entry, IReadOnlyList<string> arguments)
    {
        var file = ExternalProgram.Find(options.Value.OdooBin) ?? throw new PermanentFailureException(MissingWords);
        string[] connection =
        [
            "--db_host", entry.Server.DatabaseHost, "--db_port", entry.Server.DatabasePort.ToString(CultureInfo.InvariantCulture), "-r", entry.Login.Role,
        ];
        var start = new ProcessStartInfo(file, arguments.Concat(connection).Concat(OdooDataFolder.Arguments(options.Value, files.IsOn ? files.FolderOf(entry.Server.Code) : null)))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
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

    private sealed record Run(string What, TimeSpan Limit, string LimitName)
    {
        /// <summary>Given what it writes to its standard output, which is then no part of what it said.</summary>
        public Action<string>? Output { get; init; }
    }
}
