using System.CommandLine;
using System.Globalization;
using Bibind.Local.Demo;

namespace Bibind.Local;

/// <summary>The commands of <c>Bibind.Local</c>; <c>./run</c> is <c>demo</c>.</summary>
internal static class LocalCommands
{
    public static RootCommand Define() => new("Local installations for development and tests.") { Demo(), Postgres(), Template() };

    private static Command Demo()
    {
        var root = new Option<string>("--root") { Description = "The repository.", HelpName = "FOLDER", DefaultValueFactory = _ => Environment.CurrentDirectory };
        var full = new Option<bool>("--full") { Description = "Every effect at a real server." };
        var standIn = new Option<bool>("--stand-in") { Description = "With --full: without Odoo, whose place a stand-in takes." };
        var once = new Option<bool>("--once") { Description = "Ends after one tenant; with --full after its removal." };
        var another = new Option<bool>("--another") { Description = "One more tenant, where an earlier start left one." };
        var port = new Option<int?>("--port") { Description = "Another port than 7071.", HelpName = "N" };
        port.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !(int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 65536))
            {
                result.AddError($"--port must be a port number, not '{text}'.");
            }
        });
        var command = new Command("demo", "A whole local installation, and one tenant in it.") { root, full, standIn, once, another, port };
        command.SetAction((line, token) => DemoCommand.RunAsync(
            new DemoOptions(
                Path.GetFullPath(line.GetRequiredValue(root)), line.GetValue(full), line.GetValue(standIn), line.GetValue(once), line.GetValue(another), line.GetValue(port)),
            token));
        return command;
    }

    private static Command Postgres()
    {
        var data = new Option<string>("--data") { Description = "Where the cluster lies.", HelpName = "FOLDER", DefaultValueFactory = _ => Path.Combine("data", "postgres") };
        var throwaway = new Option<bool>("--throwaway") { Description = "Fast, and deleted at the end." };
        var command = new Command("postgres", "A PostgreSQL cluster until Ctrl-C.") { data, throwaway };
        command.SetAction((line, token) => DeveloperCommands.RunPostgresAsync(line.GetRequiredValue(data), line.GetValue(throwaway), token));
        return command;
    }

    private static Command Template()
    {
        var name = new Argument<string>("NAME") { Description = "The database to build." };
        var connection = new Option<string>("--connection") { Description = "A superuser's connection string.", HelpName = "STRING", Required = true };
        var variant = new Option<OdooVariant>("--variant") { Description = "What its tenants are for." };
        var small = new Option<bool>("--small") { Description = "Without the weight of a real one." };
        var locked = new Option<bool>("--lock") { Description = "Closed to connections afterwards." };
        var command = new Command("template", "One template database.") { name, connection, variant, small, locked };
        command.SetAction((line, token) => DeveloperCommands.BuildTemplateAsync(
            line.GetRequiredValue(name), line.GetRequiredValue(connection), line.GetValue(variant),
            (line.GetValue(small) ? OdooTemplateOptions.Small : new OdooTemplateOptions()) with { LockAfter = line.GetValue(locked) }, token));
        return command;
    }
}
