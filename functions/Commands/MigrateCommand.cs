using System.CommandLine;
using System.Globalization;
using Bibind.ControlPlane.Recovery;
using Bibind.ControlPlane.Schema;
using Bibind.Durable.Postgres;
using Npgsql;

namespace Bibind.Functions.Commands;

/// <summary>
/// <c>Bibind.Functions migrate plan</c> and <c>migrate apply</c>: bring the control database to the schema of this version (docs/upgrading.md).
/// </summary>
internal static class MigrateCommand
{
    private const string Settings = "The settings are the host's: ControlDatabase.";
    private static readonly TimeSpan DefaultAge = TimeSpan.FromDays(1);

    /// <summary>The command, with a host's settings.</summary>
    public static Command Define(Func<IConfiguration> configuration)
    {
        var rehearse = new Option<bool>("--rehearse")
        {
            Description = "Applies everything in one transaction that is taken back, and says how long each took; tables are locked meanwhile.",
        };
        var plan = new Command("plan", $"Says what would be changed, and changes nothing.\n{Settings}") { rehearse };
        plan.SetAction((line, token) => RunAsync(services => PlanAsync(services, line.GetValue(rehearse), line.InvocationConfiguration.Output, token), line));

        var age = new Option<TimeSpan>("--backup-younger-than")
        {
            Description = "How old the newest backup of the control database may be.",
            HelpName = "TIME",
            DefaultValueFactory = _ => DefaultAge,
        };
        var without = new Option<bool>("--without-backup") { Description = "Goes on without one." };
        var apply = new Command("apply", $"Changes it; where everything expands, hosts of the version before go on meanwhile.\n{Settings}") { age, without };
        apply.SetAction((line, token) => RunAsync(
            services => ApplyAsync(services, line.GetValue(without) ? null : line.GetValue(age), line.InvocationConfiguration, token), line));
        var migrate = new Command("migrate", $"Brings the control database to the schema of this version; alone it says what would be changed.\n{Settings}") { plan, apply };
        migrate.SetAction((line, token) => RunAsync(services => PlanAsync(services, rehearses: false, line.InvocationConfiguration.Output, token), line));
        return migrate;

        Task<int> RunAsync(Func<IServiceProvider, Task<int>> runAsync, ParseResult line) =>
            ControlServices.RunAsync(runAsync, configuration(), Settings, line.InvocationConfiguration);
    }

    private static async Task<int> PlanAsync(IServiceProvider services, bool rehearses, TextWriter output, CancellationToken cancellationToken)
    {
        var migrator = services.GetRequiredService<ControlDatabaseMigrator>();
        var missing = await migrator.PlanAsync(cancellationToken);
        var hub = await Hub(services).GetMissingSchemaAsync(cancellationToken);
        if (missing.Count + hub.Count == 0)
        {
            await output.WriteLineAsync("Nothing is missing.");
            return 0;
        }

        var durations = rehearses
            ? (await migrator.RehearseAsync(cancellationToken)).ToDictionary(
                d => d.Migration.Name, d => string.Create(CultureInfo.InvariantCulture, $"{d.Duration.TotalMilliseconds,8:0} ms  "))
            : [];
        foreach (var migration in missing)
        {
            await output.WriteLineAsync($"{migration.Name,-32}  {durations.GetValueOrDefault(migration.Name)}{migration.Summary}");
        }

        foreach (var file in hub)
        {
            await output.WriteLineAsync($"{file.Name,-32}  task hub: {file.Summary}");
        }

        await output.WriteLineAsync(missing.All(m => m.Expands) && hub.All(f => f.Expands)
            ? "Everything expands: hosts of the version before work on beside it."
            : "Not everything expands: stop the hosts of the version before, apply, start those of this one.");
        await output.WriteLineAsync(await DescribeBackupAsync(services, cancellationToken));
        return 0;
    }

    private static async Task<int> ApplyAsync(IServiceProvider services, TimeSpan? backupYoungerThan, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var migrator = services.GetRequiredService<ControlDatabaseMigrator>();
        var missing = await migrator.PlanAsync(cancellationToken);
        var hub = await Hub(services).GetMissingSchemaAsync(cancellationToken);
        var isNew = missing.Any(m => m.Version == 1);
        if (missing.Count + hub.Count > 0 && !isNew && backupYoungerThan is { } limit && !await HasBackupAsync(services, limit, cancellationToken))
        {
            await console.Error.WriteLineAsync(
                $"{await DescribeBackupAsync(services, cancellationToken)} Take one first (Bibind.Functions backup control FILE), or write --without-backup.");
            return 1;
        }

        await services.GetRequiredService<InstallationHome>().RefuseCopyAsync(cancellationToken);
        await migrator.ApplyAsync(cancellationToken);
        await Hub(services).InitializeAsync(cancellationToken);
        var applied = missing.Select(m => m.Name).Concat(hub.Select(f => f.Name)).ToList();
        await console.Output.WriteLineAsync(applied.Count == 0 ? "Nothing was missing." : $"Applied: {string.Join(", ", applied)}.");
        return 0;
    }

    private static async Task<bool> HasBackupAsync(IServiceProvider services, TimeSpan limit, CancellationToken cancellationToken) =>
        await services.GetRequiredService<ControlBackups>().FindNewestAsync(cancellationToken) is { } at
            && services.GetRequiredService<TimeProvider>().GetUtcNow() - at < limit;

    private static async Task<string> DescribeBackupAsync(IServiceProvider services, CancellationToken cancellationToken) =>
        await services.GetRequiredService<ControlBackups>().FindNewestAsync(cancellationToken) is { } at
            ? $"The newest backup of the control database is of {at:u}."
            : "There is no backup of the control database.";

    private static PostgresTaskHub Hub(IServiceProvider services) => new(services.GetRequiredService<NpgsqlDataSource>());
}
