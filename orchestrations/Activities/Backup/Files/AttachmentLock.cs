using Bibind.Activities.Database;
using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Backup.Files;

/// <summary>
/// Keeps the application from deleting files between the dump and the last file. Odoo deletes those that no row names only
/// under a <c>SHARE</c> lock on <c>ir_attachment</c>, for which it waits ten seconds and then leaves it for another day; ours keeps that
/// one out and nothing else, for it is the lock of everybody who writes a row.
/// </summary>
internal sealed class AttachmentLock : IAsyncDisposable
{
    private const string TakeSql = """
        do $do$ begin
          if to_regclass('public.ir_attachment') is not null then
            lock table public.ir_attachment in row exclusive mode;
          end if;
        end $do$
        """;

    private readonly DatabaseSession _session;
    private readonly NpgsqlTransaction _transaction;

    private AttachmentLock(DatabaseSession session, NpgsqlTransaction transaction) => (_session, _transaction) = (session, transaction);

    public static async Task<AttachmentLock> TakeAsync(PostgresConnector postgres, TenantDescriptor place, CancellationToken cancellationToken)
    {
        var session = await postgres.OpenAsync(place, cancellationToken);
        try
        {
            return await session.TranslateErrorsAsync(async () =>
            {
                var transaction = await session.Connection.BeginTransactionAsync(cancellationToken);
                await RunAsync(session, TakeSql, cancellationToken);
                return new AttachmentLock(session, transaction);
            });
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Fails if the lock was lost with its connection: files may then be missing.</summary>
    public Task ConfirmAsync(CancellationToken cancellationToken) => _session.TranslateErrorsAsync(() => RunAsync(_session, "select 1", cancellationToken));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _session.DisposeAsync();
    }

    private static async Task<int> RunAsync(DatabaseSession session, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, session.Connection);
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
