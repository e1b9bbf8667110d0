using System.Security.Cryptography;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Secrets;

/// <summary>Stores secrets anew with the master key of today, while hosts go on reading and writing them.</summary>
public sealed class SecretRotation(NpgsqlDataSource database, IOptions<SecretsOptions> options)
{
    private const int BatchSize = 200;
    private readonly SecretKeyring _keys = new(options.Value);

    /// <summary>The id of the master key; see <see cref="KeyUse.KeyId"/>.</summary>
    public string CurrentKeyId => _keys.CurrentId;

    /// <summary>The ids of the keys that open secrets: the master key's, and those of <see cref="SecretsOptions.OtherKeys"/>.</summary>
    public IReadOnlyList<string> KnownKeyIds => _keys.Ids;

    /// <summary>How many secrets are stored with each key.</summary>
    public async Task<IReadOnlyList<KeyUse>> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<KeyUse>(Sql.Command(
            "select key_id as KeyId, count(*) as Count from control.secrets group by key_id order by key_id", null, cancellationToken))).AsList();
    }

    /// <summary>
    /// Stores every secret with the master key that was stored with another one. Each is written by itself, only over the value that was
    /// read, so that it can be stopped at any time and begun again.
    /// </summary>
    /// <param name="progress">Told how many were stored so far, after each batch.</param>
    /// <param name="cancellationToken">Ends it after the secret at hand.</param>
    /// <returns>What was done, and which secrets do not open.</returns>
    public async Task<RotationResult> RotateAsync(IProgress<int>? progress, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var (rotated, failures, after) = (0, new List<string>(), string.Empty);
        while (true)
        {
            var rows = (await connection.QueryAsync<StoredSecret>(Sql.Command(
                """
                select name as Name, nonce as Nonce, ciphertext as Ciphertext, key_id as KeyId from control.secrets
                where key_id <> @CurrentId and name > @after order by name limit @BatchSize
                """,
                new { _keys.CurrentId, after, BatchSize }, cancellationToken))).AsList();
            if (rows.Count == 0)
            {
                return new RotationResult(rotated, failures);
            }

            foreach (var row in rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                after = row.Name;
                try
                {
                    rotated += await RotateAsync(connection, row, cancellationToken);
                }
                catch (CryptographicException closed)
                {
                    failures.Add(closed.Message);
                }
            }

            progress?.Report(rotated);
        }
    }

    // One that somebody has written in the meantime has another nonce. It stays: its writer knew which key to use.
    private async Task<int> RotateAsync(NpgsqlConnection connection, StoredSecret row, CancellationToken cancellationToken)
    {
        var secret = _keys.Seal(row.Name, _keys.Open(row.Name, new SealedSecret(row.Nonce, row.Ciphertext, row.KeyId)));
        return await connection.ExecuteAsync(Sql.Command(
            "update control.secrets set nonce = @Nonce, ciphertext = @Ciphertext, key_id = @KeyId where name = @Name and nonce = @Former",
            new { row.Name, secret.Nonce, secret.Ciphertext, secret.KeyId, Former = row.Nonce }, cancellationToken));
    }

    private sealed record StoredSecret(string Name, byte[] Nonce, byte[] Ciphertext, string KeyId);
}

/// <summary>What a rotation did.</summary>
/// <param name="Rotated">How many secrets it stored with the master key.</param>
/// <param name="Failures">Why others do not open; each names its secret.</param>
public sealed record RotationResult(int Rotated, IReadOnlyList<string> Failures);
