using System.Globalization;
using Bibind.Functions.Health;
using Bibind.Functions.Startup;
using Npgsql;

namespace Bibind.Functions.Seeding;

/// <summary>
/// The clocks of this machine and of the control database agree: leases and timers go by the database's, schedules, tokens and
/// certificates by the machine's.
/// </summary>
internal sealed class ClockCheck(NpgsqlDataSource database, TimeProvider time, ILogger<ClockCheck> logger) : IReadinessCheck
{
    /// <summary>How far they may be apart without a word.</summary>
    public static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(30);

    /// <summary>How far they may be apart for a host to start.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    public string Name => "clocks";

    public bool IsWarning => true;

    public async Task<string?> FindFaultAsync(CancellationToken cancellation)
    {
        var clocks = await ReadAsync(cancellation);
        return clocks.Apart > Unnoticed ? Describe(clocks) : null;
    }

    /// <summary>Logs clocks that are apart.</summary>
    /// <exception cref="StartException">They are so far apart that nothing would be done in its time.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        var clocks = await ReadAsync(cancellationToken);
        if (clocks.Apart > Longest)
        {
            throw new StartException($"{Describe(clocks)} A host starts with {Longest.TotalMinutes:0} minutes at most: set the clocks (NTP).");
        }

        if (clocks.Apart > Unnoticed)
        {
            Logs.ClocksApart(logger, Describe(clocks));
        }
    }

    private static string Describe(Clocks clocks) => string.Create(
        CultureInfo.InvariantCulture,
        $"The clocks are {clocks.Apart.TotalSeconds:0} seconds apart: {clocks.Machine:yyyy-MM-dd HH:mm:ss} UTC here, {clocks.Database:yyyy-MM-dd HH:mm:ss} UTC at the control database.");

    private async Task<Clocks> ReadAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        var before = time.GetUtcNow();
        var there = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken))!);
        return new Clocks(before, time.GetUtcNow(), there);
    }

    /// <param name="Before">This machine's clock when the database's was asked for.</param>
    /// <param name="After">When the answer had come.</param>
    /// <param name="Database">The answer.</param>
    private sealed record Clocks(DateTimeOffset Before, DateTimeOffset After, DateTimeOffset Database)
    {
        public DateTimeOffset Machine => Database < Before ? Before : After;

        // Somewhere between the two the database looked at its clock.
        public TimeSpan Apart => Database < Before ? Before - Database : Database > After ? Database - After : TimeSpan.Zero;
    }
}
