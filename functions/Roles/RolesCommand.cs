using Bibind.ControlPlane;
using Bibind.Functions.Settings;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Bibind.Functions.Roles;

/// <summary>
/// <c>Bibind.Functions roles plan</c> and <c>roles apply</c>: bring the roles of a server that is registered already to what they should
/// be. <c>plan</c> shows the SQL and why, and changes nothing.
/// </summary>
internal static class RolesCommand
{
    /// <summary>The first argument that asks for it.</summary>
    public const string Command = "roles";

    private const string Usage = """
        Write: roles plan  [--server CODE] [--maintenance ROLE]
               roles apply [--server CODE] [--maintenance ROLE]
        The settings are the host's, and beside them
          Roles__Administrator         connection string of a superuser of the server's PostgreSQL; host and port are the server's unless it names them
          Roles__ApplicationPassword   the password that the application logs in with (db_password in odoo.conf)
        """;

    /// <summary>Does what the arguments after <see cref="Command"/> say, with the settings that a host here would have; answers the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        try
        {
            return await RunAsync(arguments, FunctionsHost.ReadConfiguration(), output, errors, cancellation);
        }
        catch (SettingsException wrong)
        {
            await errors.WriteLineAsync(wrong.Message);
            return SettingsException.ExitCode;
        }
    }

    /// <summary>Does what the arguments after <see cref="Command"/> say; answers the exit code.</summary>
    /// <param name="arguments">After the first.</param>
    /// <param name="configuration">The host's settings and <c>Roles:*</c>.</param>
    /// <param name="output">For what is done.</param>
    /// <param name="errors">For what is wrong.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, IConfiguration configuration, TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        if (Read(arguments) is not var (applies, code, maintenance) || configuration["ControlDatabase"] is not { Length: > 0 } controlDatabase)
        {
            await errors.WriteLineAsync(Usage);
            return SettingsException.ExitCode;
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(configuration).AddSingleton(_ => ControlPlaneServices.CreateDataSource(controlDatabase)).AddControlPlane(configuration);
        await using var provider = services.BuildServiceProvider();
        try
        {
            var migration = ActivatorUtilities.CreateInstance<RoleMigration>(provider, new RoleOrder(
                code, maintenance, configuration["Roles:Administrator"], configuration["Roles:ApplicationPassword"]));
            return await migration.RunAsync(applies, output, cancellation) ? 0 : 1;
        }
        catch (Exception refused) when (refused is InvalidOperationException or NpgsqlException)
        {
            await errors.WriteLineAsync(refused.Message);
            return 1;
        }
    }

    private static (bool Applies, string? Server, string Maintenance)? Read(IReadOnlyList<string> arguments)
    {
        if (arguments is not ["plan" or "apply", ..])
        {
            return null;
        }

        var (server, maintenance) = ((string?)null, "bibind_maintenance");
        for (var i = 1; i < arguments.Count; i += 2)
        {
            switch (arguments[i], i + 1 < arguments.Count ? arguments[i + 1] : null)
            {
                case ("--server", { } value):
                    server = value;
                    break;
                case ("--maintenance", { } value):
                    maintenance = value;
                    break;
                default:
                    return null;
            }
        }

        return (arguments[0] == "apply", server, maintenance);
    }
}
