using System.Diagnostics;

namespace Bibind.Local;

/// <summary>Parts of the local installation one by one, for those who work on it.</summary>
internal static class DeveloperCommands
{
    /// <summary>Runs a cluster until it is told to stop.</summary>
    public static async Task<int> RunPostgresAsync(CommandLine line, CancellationToken cancellationToken)
    {
        var throwaway = line.Has("--throwaway");
        var options = new EmbeddedPostgresOptions
        {
            DataFolder = line.Find("--data") ?? Path.Combine("data", "postgres"),
            Fsync = !throwaway,
            DeleteOnStop = throwaway,
        };
        await using var postgres = await EmbeddedPostgres.StartAsync(options, cancellationToken);
        await LocalServer.PrepareAsync(postgres, cancellationToken);
        Console.WriteLine(postgres.SuperuserConnectionString);
        Console.WriteLine($"process {postgres.ProcessId}");
        Console.WriteLine("Ctrl-C stops it.");
        await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
        return 0;
    }

    /// <summary>Builds one template database.</summary>
    public static async Task<int> BuildTemplateAsync(CommandLine line, CancellationToken cancellationToken)
    {
        var name = line.Value ?? throw new UsageException("Name the database to build.");
        var connection = line.Find("--connection") ?? throw new UsageException("--connection is missing: a superuser's connection string.");
        var variant = line.Find("--variant") ?? nameof(OdooVariant.Blank);
        if (!Enum.TryParse<OdooVariant>(variant, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed))
        {
            throw new UsageException($"--variant cannot be '{variant}'.");
        }

        var watch = Stopwatch.StartNew();
        var options = (line.Has("--small") ? OdooTemplateOptions.Small : new OdooTemplateOptions()) with { LockAfter = line.Has("--lock") };
        await OdooTemplate.BuildAsync(connection, name, parsed, options, cancellationToken);
        Console.WriteLine($"{name}: {watch.Elapsed.TotalSeconds:0.0} s");
        return 0;
    }
}
