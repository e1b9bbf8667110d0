using Bibind.Activities.Locks;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Database.Isolation;

/// <summary>The provider <c>PgBouncer</c>: a line for each database in a file that it includes, and a reload of its configuration.</summary>
internal sealed class PgBouncerPooler(IOptions<TenantIsolationOptions> options, NamedLocks locks, ILogger<PgBouncerPooler> logger) : IDatabasePooler
{
    /// <inheritdoc/>
    public bool Serves(string serverCode) => options.Value.PoolerOf(serverCode) is not null;

    /// <inheritdoc/>
    public Task PublishAsync(ServerConnection server, PooledDatabase database, CancellationToken cancellationToken)
    {
        if (!PgBouncerFile.IsName(database.Name))
        {
            throw new PermanentFailureException($"PgBouncer cannot serve a database named '{database.Name}': names are of a-z, 0-9, '.', '_' and '-', and not 'pgbouncer' or 'postgres'.");
        }

        return ChangeAsync(
            server,
            (pooler, file) => file.RoleOf(database.Name) is { } role && role != database.Role
                ? throw new PermanentFailureException($"PgBouncer has a database '{database.Name}' already that is entered as '{role}'; it was left as it is.")
                : file.With(database, pooler.ServerHost ?? server.DatabaseHost, pooler.ServerPort ?? server.DatabasePort),
            served => served.GetValueOrDefault(database.Name) == database.Role,
            $"serve '{database.Name}' as '{database.Role}'",
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task WithdrawAsync(ServerConnection server, string name, string role, CancellationToken cancellationToken) =>
        ChangeAsync(
            server,
            (_, file) =>
            {
                if (file.RoleOf(name) is not { } there)
                {
                    return file.Text;
                }

                if (there == role)
                {
                    return file.Without(name);
                }

                logger.ForeignPooledDatabaseLeft(name, there);
                return file.Text;
            },
            served => served.GetValueOrDefault(name) != role,
            $"let go of '{name}'",
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, string>> ListAsync(ServerConnection server, CancellationToken cancellationToken) =>
        PgBouncerConsole.ListAsync(Pooler(server), cancellationToken);

    // What PgBouncer serves is looked at even where the file is right: an earlier attempt may have died before the reload.
    private Task<bool> ChangeAsync(
        ServerConnection server,
        Func<PgBouncerOptions, PgBouncerFile, string> change,
        Func<IReadOnlyDictionary<string, string>, bool> isDone,
        string what,
        CancellationToken cancellationToken)
    {
        var pooler = Pooler(server);
        return locks.RunAsync(
            NamedLocks.Poolers,
            server.Code,
            async () =>
            {
                var file = await PgBouncerFile.ReadAsync(pooler.DatabasesFile, cancellationToken);
                var (before, text) = (file.Text, change(pooler, file));
                if (text == before && isDone(await PgBouncerConsole.ListAsync(pooler, cancellationToken)))
                {
                    return true;
                }

                await LeaseFence.EnsureHeldAsync();
                if (text != before)
                {
                    file.Write(text);
                }

                await PgBouncerConsole.ReloadAsync(pooler, cancellationToken);
                if (isDone(await PgBouncerConsole.ListAsync(pooler, cancellationToken)))
                {
                    return true;
                }

                // PgBouncer answers a reload with success whatever it thinks of its files, and goes on with the former ones.
                throw new TransientFailureException(
                    $"PgBouncer on server '{server.Code}' was told to {what} and does not: its log says what it has against its configuration.");
            },
            cancellationToken);
    }

    private PgBouncerOptions Pooler(ServerConnection server) =>
        options.Value.PoolerOf(server.Code)
        ?? throw new PermanentFailureException($"No PgBouncer is configured for server '{server.Code}' (Database__PgBouncer).");
}
