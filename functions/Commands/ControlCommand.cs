using System.CommandLine;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Recovery;
using Bibind.ControlPlane.Recovery;
using Bibind.Functions.Startup;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Commands;

/// <summary>
/// <c>Bibind.Functions control backup</c>, <c>control restore</c> and <c>control take-over</c>: the control plane's own backup, and what comes
/// after its loss (docs/disaster.md).
/// </summary>
internal static class ControlCommand
{
    private const string Settings =
        "The settings are the host's: ControlDatabase, and Backups__PgDump and Backups__PgRestore where PostgreSQL's programs are not where Debian has them.";

    /// <summary>The command, with a host's settings.</summary>
    public static Command Define(Func<IConfiguration> configuration)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "The backup." };
        var backup = new Command("backup", $"Writes the control database with its task hub into a new file, while hosts run.\n{Settings}") { file };
        backup.SetAction((line, token) => RunAsync(
            async services =>
            {
                var path = line.GetValue(file)!.FullName;
                var bytes = await Dump(services).BackUpAsync(path, ProgramVersion.Text, token);
                await line.InvocationConfiguration.Output.WriteLineAsync(
                    $"{path}: {bytes} bytes. Its secrets open with the master key only, which is not in it: keep both, at different places.");
                return 0;
            },
            line.InvocationConfiguration));

        var restore = new Command("restore", $"Restores a backup into an empty database, which then takes the place of the lost one.\n{Settings}") { file };
        restore.SetAction((line, token) => RunAsync(
            async services =>
            {
                var stateOf = await Dump(services).RestoreAsync(line.GetValue(file)!.FullName, token);
                await SayTakenOverAsync(stateOf, line.InvocationConfiguration);
                return 0;
            },
            line.InvocationConfiguration));

        var takeOver = new Command(
            "take-over",
            $"Lets a copy of the control database, restored by other means, take the place of the original, on which nothing works any more.\n{Settings}");
        takeOver.SetAction((line, token) => RunAsync(
            async services =>
            {
                await SayTakenOverAsync(await services.GetRequiredService<InstallationHome>().TakeOverAsync(token), line.InvocationConfiguration);
                return 0;
            },
            line.InvocationConfiguration));
        return new Command("control", "Backs the control database up and restores it.") { backup, restore, takeOver };

        Task<int> RunAsync(Func<IServiceProvider, Task<int>> runAsync, InvocationConfiguration console) =>
            ControlServices.RunAsync(runAsync, configuration(), Settings, console);
    }

    private static ControlDump Dump(IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var programs = new BackupOptions { PgDump = configuration["Backups:PgDump"], PgRestore = configuration["Backups:PgRestore"] };
        return new ControlDump(configuration["ControlDatabase"]!, Options.Create(programs), services.GetRequiredService<TimeProvider>());
    }

    private static async Task SayTakenOverAsync(DateTimeOffset stateOf, InvocationConfiguration console)
    {
        await console.Output.WriteLineAsync($"This control database is the installation's now. Its state is of {stateOf:u}; {InstallationHome.IdsSkipped} ids of each kind are passed over.");
        await console.Output.WriteLineAsync("Start the hosts with the same master key. What was made since is not known here: docs/disaster.md says how it is found.");
    }
}
