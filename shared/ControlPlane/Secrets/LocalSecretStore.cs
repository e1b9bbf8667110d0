using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Secrets;

/// <summary>Secrets in the control database, encrypted with a key that is only in the settings.</summary>
public sealed class LocalSecretStore(
    NpgsqlDataSource database, IOptions<SecretsOptions> options, TimeProvider time, ILogger<LocalSecretStore> logger)
    : ISecretStore, IOneTimeReveal
{
    private const string Below = "(name = @Prefix or starts_with(name, @Prefix || '/'))";
    private readonly SecretKeyring _keys = new(options.Value);

    /// <inheritdoc/>
    public async Task<string> GetOrSetAsync(string name, Func<string> make, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            if (await FindAsync(connection, name, cancellationToken) is { } stored)
            {
                return stored;
            }

            // Of several at once, one inserts; the others go round and read what it stored.
            var value = make();
            var inserted = await WriteAsync(connection, name, value, "on conflict (name) do nothing", cancellationToken);
            if (inserted == 1)
            {
                return value;
            }
        }
    }

    /// <inheritdoc/>
    public async Task SetAsync(string name, string value, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(value);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // A new value was shown to nobody yet.
        await WriteAsync(connection, name, value,
            """
            on conflict (name) do update set
              nonce = excluded.nonce, ciphertext = excluded.ciphertext, key_id = excluded.key_id,
              updated_at = excluded.updated_at, revealed_at = null, revealed_to = null
            """, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<string?> FindAsync(string name, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await FindAsync(connection, name, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<int> DeleteAsync(string prefix, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            $"delete from control.secrets where {Below}", new { Prefix = Segments(prefix) }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<int> CountAsync(string prefix, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<int>(Sql.Command(
            $"select count(*)::int from control.secrets where {Below}", new { Prefix = Segments(prefix) }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<SecretsReveal> RevealOnceAsync(string prefix, IReadOnlyCollection<string>? names, string? receiver, CancellationToken cancellationToken)
    {
        var segments = Segments(prefix);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // The lock lets one of several callers see them; the order keeps those callers from deadlock.
        var rows = (await connection.QueryAsync<SecretRow>(Sql.Command(
            $"""
            select name, nonce, ciphertext, key_id, revealed_at, revealed_to from control.secrets
            where {Below} and (@Names::text[] is null or name = any(@Names))
            order by name for update
            """,
            new { Prefix = segments, Names = names?.Select(n => $"{segments}/{n}").ToArray() }, transaction, cancellationToken))).AsList();
        if (rows.Count == 0)
        {
            return new SecretsReveal.NoneThere();
        }

        var now = time.GetUtcNow();
        var hidden = rows.Where(r => r.RevealedAt is null).ToList();
        var again = rows.Where(r => receiver is not null && r.RevealedTo == receiver && r.RevealedAt > now - IOneTimeReveal.RepeatableFor).ToList();
        if (hidden.Count + again.Count == 0)
        {
            return new SecretsReveal.AlreadyRevealed(rows.Max(r => r.RevealedAt!.Value));
        }

        // Opened before they are marked: a wrong key must not use up the one time.
        var values = hidden.Concat(again).ToDictionary(
            r => r.Name.Length > segments.Length ? r.Name[(segments.Length + 1)..] : r.Name, r => _keys.Open(r.Name, r.Sealed));
        await connection.ExecuteAsync(Sql.Command(
            "update control.secrets set revealed_at = @now, revealed_to = @receiver where name = any(@Shown)",
            new { now, receiver, Shown = hidden.Select(r => r.Name).ToArray() }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        Logs.SecretsRevealed(logger, segments, values.Count);
        return new SecretsReveal.Revealed(values, IsRepeated: hidden.Count == 0);
    }

    private async Task<string?> FindAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        var row = await connection.QuerySingleOrDefaultAsync<SecretRow>(Sql.Command(
            "select name, nonce, ciphertext, key_id, revealed_at from control.secrets where name = @name", new { name }, cancellationToken));
        return row is null ? null : _keys.Open(name, row.Sealed);
    }

    private async Task<int> WriteAsync(NpgsqlConnection connection, string name, string value, string onConflict, CancellationToken cancellationToken)
    {
        // Making a value may take seconds.
        await LeaseFence.EnsureHeldAsync();
        var secret = _keys.Seal(name, value);
        return await connection.ExecuteAsync(Sql.Command(
            $"""
            insert into control.secrets (name, nonce, ciphertext, key_id, created_at, updated_at)
            values (@name, @Nonce, @Ciphertext, @KeyId, @Now, @Now)
            {onConflict}
            """,
            new { name, secret.Nonce, secret.Ciphertext, secret.KeyId, Now = time.GetUtcNow() }, cancellationToken));
    }

    // An empty prefix would mean every secret there is; nobody means that.
    private static string Segments(string prefix)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(prefix);
        var segments = prefix.TrimEnd('/');
        return segments.Length > 0 ? segments : throw new ArgumentException("A prefix needs at least one segment.", nameof(prefix));
    }

    private sealed class SecretRow
    {
        public string Name { get; init; } = string.Empty;
        public byte[] Nonce { get; init; } = [];
        public byte[] Ciphertext { get; init; } = [];
        public string KeyId { get; init; } = string.Empty;
        public DateTimeOffset? RevealedAt { get; init; }
        public string? RevealedTo { get; init; }
        public SealedSecret Sealed => new(Nonce, Ciphertext, KeyId);
    }
}
