using System.Diagnostics;

namespace Bibind.Local;

/// <summary>Parts of the local installation one by one, for those who work on it.</summary>
internal static class DeveloperCommands
{
    /// <summary>Runs a cluster until it is told to stop.</summary>
    public static async Task<int> RunPostgresAsync(string folder, bool throwaway, CancellationToken cancellationToken)
    {
        var options = new EmbeddedPostgresOptions
        {
            DataFolder = folder,
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
    public static async Task<int> BuildTemplateAsync(
        string name, string connection, OdooVariant variant, OdooTemplateOptions options, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        await OdooTemplate.BuildAsync(connection, name, variant, options, cancellationToken);
        Console.WriteLine($"{name}: {watch.Elapsed.TotalSeconds:0.0} s");
        return 0;
    }
}
