using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Bibind.Activities.Storage.S3;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Worker;

/// <summary>Effects in a process of their own, so that a test can put a ceiling on its memory. Settings come by the environment.</summary>
public static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        switch (arguments)
        {
            case ["store", var bucket, var key, var bytes]:
                await StoreAsync(bucket, key, long.Parse(bytes, CultureInfo.InvariantCulture));
                break;
            default:
                await Console.Error.WriteLineAsync("store BUCKET KEY BYTES");
                return 2;
        }

        using var self = Process.GetCurrentProcess();
        await Console.Out.WriteLineAsync($"peak {self.PeakWorkingSet64}");
        return 0;
    }

    /// <summary>Stores so many random bytes, reads them again and compares.</summary>
    private static async Task StoreAsync(string bucket, string key, long bytes)
    {
        const int Seed = 4;
        using var server = new S3Server(Options.Create(new S3Options
        {
            Endpoint = new Uri(Setting("ENDPOINT")),
            AccessKey = Setting("ACCESS_KEY"),
            SecretKey = Setting("SECRET_KEY"),
        }));
        var store = new S3ObjectStore(server, TimeProvider.System, NullLogger<S3ObjectStore>.Instance);
        await store.PutAsync(bucket, key, new RandomStream(bytes, Seed), CancellationToken.None);
        await using var stored = (await store.OpenReadAsync(bucket, key, CancellationToken.None))!;
        var (found, wanted) = (await SHA256.HashDataAsync(stored), await SHA256.HashDataAsync(new RandomStream(bytes, Seed)));
        await Console.Out.WriteLineAsync(found.AsSpan().SequenceEqual(wanted) ? "same" : "different");
    }

    private static string Setting(string name) => Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set.");
}
