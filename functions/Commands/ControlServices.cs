using System.CommandLine;
using Bibind.ControlPlane.Recovery;
using Bibind.ControlPlane.Registration;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Bibind.Functions.KeySources;
using Bibind.Functions.Settings;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Functions.Commands;

/// <summary>What a command needs that works on the control database and starts no host.</summary>
internal static class ControlServices
{
    /// <summary>Runs a command; what it is refused is said on one line.</summary>
    /// <returns>The command's exit code: 1 if it was refused, <see cref="SettingsException.ExitCode"/> if a setting is wrong.</returns>
    public static async Task<int> RunAsync(
        Func<IServiceProvider, Task<int>> runAsync, IConfiguration configuration, string settings, InvocationConfiguration console)
    {
        if (configuration["ControlDatabase"] is not { Length: > 0 } controlDatabase)
        {
            await console.Error.WriteLineAsync($"ControlDatabase is missing: the control database of the host.\n{settings}");
            return SettingsException.ExitCode;
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(configuration).AddSingleton(_ => ControlPlaneServices.CreateDataSource(controlDatabase)).AddControlPlane(configuration).AddKeySources(configuration);
        await using var provider = services.BuildServiceProvider();
        try
        {
            return await runAsync(provider);
        }
        catch (OptionsValidationException wrong)
        {
            await console.Error.WriteLineAsync(string.Join('\n', wrong.Failures));
            return SettingsException.ExitCode;
        }
        catch (Exception refused) when (
            refused is InvalidOperationException or NpgsqlException or PermanentFailureException or IOException or UnauthorizedAccessException
                or KeyUnavailableException or NewerSchemaException or SchemaMismatchException or CopiedInstallationException or UnfinishedRestoreException)
        {
            await console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
    }
}
