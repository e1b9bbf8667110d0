using Bibind.ControlPlane.Recovery;
using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable.Hubs;
using Bibind.Durable.Postgres;
using Bibind.Functions.Hosts;
using Bibind.Functions.Problems;
using Bibind.Functions.Startup;
using Npgsql;

namespace Bibind.Functions.Seeding;

/// <summary>
/// Brings the control database and the task hub to their schemas, and what the settings name into it, before the host listens or works.
/// If the database is away then, the host listens all the same and answers 503, and this goes on trying.
/// </summary>
internal sealed class ControlPlaneStart(
    NpgsqlDataSource database, ControlDatabaseMigrator migrator, MasterKeyCheck masterKey, InstallationHome home,
    IEnumerable<ITaskHub> hubs, Seed seed, ClockCheck clocks, HostSettings settings, TimeProvider time, ILogger<ControlPlaneStart> logger)
    : IHostedLifecycleService, IControlPlaneReadiness, IDisposable
{
    // The Functions host ends a process that does not listen within 30 seconds, Lambda one of 10.
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private Task _attempt = Task.CompletedTask;
    private Task _background = Task.CompletedTask;

    public bool IsReady => _ready.Task.IsCompletedSuccessfully;

    public Task UntilReadyAsync(CancellationToken cancellationToken) => _ready.Task.WaitAsync(cancellationToken);

    // Where a process is frozen between calls, the call itself has to try: in the background nothing would get on.
    public async Task EnsureReadyAsync(CancellationToken cancellationToken)
    {
        if (!IsReady)
        {
            await AttemptAsync().WaitAsync(ConnectLimit, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        if (!IsReady)
        {
            throw new ControlPlaneNotReadyException();
        }
    }

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        try
        {
            await AttemptAsync().WaitAsync(StartLimit, time, cancellationToken);
        }
        catch (Exception away) when (away is TimeoutException || IsAway(away))
        {
            Logs.WaitingForDatabase(logger, TransientDatabaseError.ReasonOf(away));
            _background = Task.Run(KeepTryingAsync, CancellationToken.None);
        }
        catch (PostgresException refused)
        {
            throw new StartException($"The control database (setting ControlDatabase) refused: {refused.MessageText} (SQLSTATE {refused.SqlState}).", refused);
        }
        catch (Exception unfit) when (unfit is NewerSchemaException or SchemaMismatchException or NewerHubException or MasterKeyMismatchException
            or CopiedInstallationException or UnfinishedRestoreException)
        {
            throw new StartException(unfit.Message, unfit);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => _stopping.CancelAsync();

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken) =>
        await _background.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    public void Dispose() => _stopping.Dispose();

    // What was refused may be mended while the host runs, so it does not end the host any more.
    private async Task KeepTryingAsync()
    {
        for (var pause = FirstPause; !IsReady && !_stopping.IsCancellationRequested; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await AttemptAsync();
            }
            catch (Exception failure) when (!_stopping.IsCancellationRequested)
            {
                if (!IsAway(failure))
                {
                    Logs.StartFailed(logger, failure);
                }

                await Task.Delay(pause, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception)
            {
                return;
            }
        }
    }

    // One at a time, whoever asks.
    private Task AttemptAsync()
    {
        lock (_lock)
        {
            if (_attempt.IsCompleted && !IsReady)
            {
                _attempt = Task.Run(PrepareAsync, CancellationToken.None);
            }

            return _attempt;
        }
    }

    private async Task PrepareAsync()
    {
        await ConnectAsync();
        await clocks.VerifyAsync(_stopping.Token);
        await home.RefuseCopyAsync(_stopping.Token);
        if (settings.MigratesAtStart)
        {
            await migrator.ApplyAsync(_stopping.Token);
        }
        else if (await migrator.PlanAsync(_stopping.Token) is { Count: > 0 } missing)
        {
            throw OlderSchema(missing.Select(m => m.Name));
        }

        await home.VerifyAsync(_stopping.Token);
        await masterKey.VerifyAsync(_stopping.Token);
        foreach (var hub in hubs)
        {
            if (!settings.MigratesAtStart && hub is PostgresTaskHub own && await own.GetMissingSchemaAsync(_stopping.Token) is { Count: > 0 } files)
            {
                throw OlderSchema(files.Select(f => f.Name));
            }

            await hub.InitializeAsync(_stopping.Token);
        }

        await seed.ApplyAsync(_stopping.Token);
        _ready.TrySetResult();
        Logs.ControlPlaneReady(logger);
    }

    private static StartException OlderSchema(IEnumerable<string> missing) => new(
        $"The control database is of an older version, and Migrations__AtStart is false; missing: {string.Join(", ", missing)}. Run: Bibind.Functions migrate apply (docs/upgrading.md).");

    private async Task ConnectAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        limit.CancelAfter(ConnectLimit);
        try
        {
            await using var connection = await database.OpenConnectionAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            throw new TimeoutException($"The control database did not answer within {ConnectLimit.TotalSeconds:0} seconds.");
        }
    }

    // A wrong name or password does not mend itself; a database that is not there yet may be on its way.
    private static bool IsAway(Exception failure) => failure is TimeoutException
        || (TransientDatabaseError.Is(failure) && failure is not PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification });
}
