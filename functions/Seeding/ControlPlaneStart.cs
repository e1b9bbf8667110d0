using Bibind.ControlPlane.Schema;
using Bibind.Durable.Hubs;
using Npgsql;

namespace Bibind.Functions.Seeding;

/// <summary>
/// Brings the control database and the task hub to their schemas, and what the settings name into it, before the host listens or works.
/// </summary>
internal sealed class ControlPlaneStart(
    ControlDatabaseMigrator migrator, ITaskHub hub, Seed seed, TimeProvider time, ILogger<ControlPlaneStart> logger) : IHostedLifecycleService
{
    // Database and host often start together.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await MigrateAsync(cancellationToken);
        await seed.ApplyAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task MigrateAsync(CancellationToken cancellation)
    {
        var deadline = time.GetUtcNow() + Patience;
        while (true)
        {
            try
            {
                await migrator.ApplyAsync(cancellation);
                await hub.InitializeAsync(cancellation);
                return;
            }
            catch (PostgresException refused) when (refused.SqlState != PostgresErrorCodes.CannotConnectNow)
            {
                throw new StartException($"The control database (setting ControlDatabase) refused: {refused.MessageText} (SQLSTATE {refused.SqlState}).", refused);
            }
            catch (NpgsqlException away)
            {
                if (time.GetUtcNow() >= deadline)
                {
                    throw new StartException($"The control database (setting ControlDatabase) did not answer for {Patience.TotalSeconds:0} seconds: {away.Message}", away);
                }

                Logs.WaitingForDatabase(logger, deadline, away);
                await Task.Delay(Pause, time, cancellation);
            }
        }
    }
}

/// <summary>The host cannot start because something it needs is not there; the message is for people.</summary>
public sealed class StartException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The exit code of a process that lacks a service (<c>EX_UNAVAILABLE</c> of sysexits.h).</summary>
    public const int ExitCode = 69;
}
