using System.CommandLine;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Recovery;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Recovery;
using Bibind.Functions.Startup;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Commands;

/// <summary>
/// <c>Bibind.Functions backup control</c>, <c>restore control</c> and <c>restore take-over</c>: the control plane's own backup, and what comes
/// after its loss (docs/disaster.md).
/// </summary>
internal static class ControlCommand
{
    private const string Settings =
        "The settings are the host's: ControlDatabase, and Backups__PgDump and Backups__PgRestore where PostgreSQL's programs are not where Debian has them.";

    private static readonly Argument<FileInfo> File = new("FILE") { Description = "The backup." };

    /// <summary>The command <c>backup</c>, with a host's settings.</summary>
    public static Command DefineBackup(Func<IConfiguration> configuration)
    {
        var control = new Command("control", $"Writes the control database with its task hub into a new file, while hosts run.\n{Settings}") { File };
        control.SetAction((line, token) => RunAsync(
            configuration,
            async services =>
            {
                var path = line.GetValue(File)!.FullName;
                var bytes = await Dump(services).BackUpAsync(path, ProgramVersion.Text, token);
                await line.InvocationConfiguration.Output.WriteLineAsync(
                    $"{path}: {bytes} bytes. Its secrets open with the master key only, which is not in it: keep both, at different places.");
                return 0;
            },
            line.InvocationConfiguration));
        return new Command("backup", "Backs up what is the control plane's own.") { control };
    }

    /// <summary>The command <c>restore</c>, with a host's settings.</summary>
    /// <param name="build">Composes a host, which is not started.</param>
    /// <param name="configuration">Reads all settings.</param>
    public static Command DefineRestore(Func<WebApplication> build, Func<IConfiguration> configuration)
    {
        var differences = new Command(
            "differences",
            "Compares the control database with the servers, and changes nothing: what active tenants lack, and databases of tenants that are not known. "
            + "The settings are the host's, all of them.");
        differences.SetAction(async (line, token) =>
        {
            await using var host = build();
            var count = 0;
            await foreach (var found in host.Services.GetRequiredService<WorldDifferences>().FindAsync(token))
            {
                count++;
                await line.InvocationConfiguration.Output.WriteLineAsync(
                    $"{PlainText.Escape(found.Tenant),-32}  {found.Kind,-12}  {PlainText.Escape(found.Name)}  {PlainText.Escape(found.Words)}");
            }

            await line.InvocationConfiguration.Output.WriteLineAsync(count == 0 ? "Nothing differs." : $"{count} differ{(count == 1 ? "s" : "")}.");
            return count == 0 ? 0 : 1;
        });

        var control = new Command("control", $"Restores a backup into an empty database, which then takes the place of the lost one.\n{Settings}") { File };
        control.SetAction((line, token) => RunAsync(
            configuration,
            async services =>
            {
                var stateOf = await Dump(services).RestoreAsync(line.GetValue(File)!.FullName, token);
                await SayTakenOverAsync(stateOf, line.InvocationConfiguration);
                return 0;
            },
            line.InvocationConfiguration));

        var takeOver = new Command(
            "take-over",
            $"Lets a copy of the control database, restored by other means, take the place of the original, on which nothing works any more.\n{Settings}");
        takeOver.SetAction((line, token) => RunAsync(
            configuration,
            async services =>
            {
                await SayTakenOverAsync(await services.GetRequiredService<InstallationHome>().TakeOverAsync(token), line.InvocationConfiguration);
                return 0;
            },
            line.InvocationConfiguration));
        return new Command("restore", "Restores what is the control plane's own.") { control, takeOver, differences };
    }

    private static Task<int> RunAsync(Func<IConfiguration> configuration, Func<IServiceProvider, Task<int>> runAsync, InvocationConfiguration console) =>
        ControlServices.RunAsync(runAsync, configuration(), Settings, console);

    private static ControlDump Dump(IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var programs = new BackupOptions { PgDump = configuration["Backups:PgDump"], PgRestore = configuration["Backups:PgRestore"] };
        return new ControlDump(configuration["ControlDatabase"]!, Options.Create(programs), services.GetRequiredService<TimeProvider>());
    }

    private static async Task SayTakenOverAsync(DateTimeOffset stateOf, InvocationConfiguration console)
    {
        await console.Output.WriteLineAsync($"This control database is the installation's now. Its state is of {stateOf:u}; {InstallationHome.IdsSkipped} ids of each kind are passed over.");
        await console.Output.WriteLineAsync("Start the hosts with the same master key, then look for what was made since: Bibind.Functions restore differences (docs/disaster.md).");
    }
}
