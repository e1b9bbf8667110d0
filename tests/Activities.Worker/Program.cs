using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Bibind.Activities.Processes;
using Bibind.Activities.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Worker;

/// <summary>Effects in a process of their own, so that a test can put a ceiling on its memory. Settings come by the environment.</summary>
public static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        NativeHeap.GiveBackLargeBuffers();
        var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
        await using var services = OneTenant.Host(configuration);
        switch (arguments)
        {
            case ["store", var bucket, var key, var bytes]:
                await StoreAsync(services.GetRequiredService<IObjectStore>(), bucket, key, long.Parse(bytes, CultureInfo.InvariantCulture));
                break;
            case ["restore", var database, var copy]:
                await OneTenant.BackUpAndRestoreAsync(services, database, copy);
                break;
            default:
                await Console.Error.WriteLineAsync("store BUCKET KEY BYTES | restore DATABASE COPY");
                return 2;
        }

        using var self = Process.GetCurrentProcess();
        await Console.Out.WriteLineAsync($"peak {self.PeakWorkingSet64}");
        return 0;
    }

    /// <summary>Stores so many random bytes, reads them again and compares.</summary>
    private static async Task StoreAsync(IObjectStore store, string bucket, string key, long bytes)
    {
        const int Seed = 4;
        await store.PutAsync(bucket, key, new RandomStream(bytes, Seed), CancellationToken.None);
        await using var stored = (await store.OpenReadAsync(bucket, key, CancellationToken.None))!;
        var (found, wanted) = (await SHA256.HashDataAsync(stored), await SHA256.HashDataAsync(new RandomStream(bytes, Seed)));
        await Console.Out.WriteLineAsync(found.AsSpan().SequenceEqual(wanted) ? "same" : "different");
    }
}
