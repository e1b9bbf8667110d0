using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Secrets;

/// <summary>Compares the keys of the settings with those that the installation's secrets are stored with.</summary>
public sealed class MasterKeyCheck(NpgsqlDataSource database, IOptions<SecretsOptions> options, TimeProvider time)
{
    // Without it two hosts of an empty installation could each begin with a key of their own.
    private const string FirstSecret = "installation/master-key";

    private readonly SecretKeyring _keys = new(options.Value);

    /// <summary>The first start of an installation stores a secret, which every later start must be able to open.</summary>
    /// <exception cref="MasterKeyMismatchException">Secrets were stored with a key that the settings lack.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var first = _keys.Seal(FirstSecret, "installation");
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.secrets (name, nonce, ciphertext, key_id, created_at, updated_at)
            select @FirstSecret, @Nonce, @Ciphertext, @KeyId, @Now, @Now where not exists (select from control.secrets where key_id <> all(@Ids))
            on conflict (name) do nothing
            """,
            new { FirstSecret, first.Nonce, first.Ciphertext, first.KeyId, Now = time.GetUtcNow(), _keys.Ids }, cancellationToken));
        var others = (await connection.QueryAsync<KeyUse>(Sql.Command(
            "select key_id as KeyId, count(*) as Count from control.secrets where key_id <> all(@Ids) group by key_id order by key_id",
            new { _keys.Ids }, cancellationToken))).AsList();
        if (others.Count > 0)
        {
            throw new MasterKeyMismatchException(_keys.CurrentId, others);
        }
    }
}

/// <summary>How many secrets are stored with a key.</summary>
/// <param name="KeyId">First 8 hex digits of the key's SHA-256: tells keys apart, tells nothing of the key.</param>
/// <param name="Count">The number of secrets.</param>
public sealed record KeyUse(string KeyId, long Count)
{
    /// <inheritdoc/>
    public override string ToString() => Count == 1 ? $"1 secret is stored with the key {KeyId}" : $"{Count} secrets are stored with the key {KeyId}";
}

/// <summary>The master key does not open the installation's secrets. The message tells keys apart by their ids, which tell nothing of them.</summary>
public sealed class MasterKeyMismatchException(string keyId, IReadOnlyList<KeyUse> others) : Exception(
    $"Secrets__MasterKey does not open the secrets of this installation: its id is {keyId}, and {string.Join(", ", others)}. " +
    "Set the key that they were stored with (its id is the beginning of: printf %s \"$KEY\" | base64 -d | sha256sum), or name it in Secrets__OtherKeys__0 while keys are rotated.");
