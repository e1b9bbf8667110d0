using System.CommandLine;
using Bibind.Functions.Roles;

namespace Bibind.Functions.Commands;

/// <summary>
/// <c>Bibind.Functions roles plan</c> and <c>roles apply</c>: bring the roles of a server that is registered already to what they should
/// be. <c>plan</c> shows the SQL and why, and changes nothing.
/// </summary>
internal static class RolesCommand
{
    /// <summary>The first argument that asks for it.</summary>
    public const string Name = "roles";

    private const string Settings = """
        The settings are the host's, and beside them
          Roles__Administrator         connection string of a superuser of the server's PostgreSQL; host and port are the server's unless it names them
          Roles__ApplicationPassword   the password that the application logs in with (db_password in odoo.conf)
        """;

    /// <summary>The command, with a host's settings and <c>Roles:*</c>.</summary>
    public static Command Define(Func<IConfiguration> configuration)
    {
        var server = new Option<string?>("--server") { Description = "Its code; needed where several are registered.", HelpName = "CODE" };
        var maintenance = new Option<string>("--maintenance") { Description = "The role to make.", HelpName = "ROLE", DefaultValueFactory = _ => "bibind_maintenance" };
        var plan = Make("plan", "Shows the SQL and why, and changes nothing.", applies: false);
        plan.Aliases.Add("check");
        return new Command(Name, $"Brings the roles of a server to what they should be.\n{Settings}")
        {
            plan,
            Make("apply", "Does it.", applies: true),
        };

        Command Make(string name, string description, bool applies)
        {
            var command = new Command(name, $"{description}\n{Settings}") { server, maintenance };
            command.SetAction((line, token) => RunAsync(
                applies, line.GetValue(server), line.GetValue(maintenance)!, configuration(), line.InvocationConfiguration, token));
            return command;
        }
    }

    private static Task<int> RunAsync(
        bool applies, string? code, string maintenance, IConfiguration configuration, InvocationConfiguration console, CancellationToken cancellation) =>
        ControlServices.RunAsync(
            async services =>
            {
                var migration = ActivatorUtilities.CreateInstance<RoleMigration>(services, new RoleOrder(
                    code, maintenance, configuration["Roles:Administrator"], configuration["Roles:ApplicationPassword"]));
                return await migration.RunAsync(applies, console.Output, cancellation) ? 0 : 1;
            },
            configuration, Settings, console);
}
