using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Certificates;

/// <summary>Keeps the answers to HTTP-01 challenges where every machine's host finds them.</summary>
public sealed class ChallengeStore(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>Stores an answer, and drops those that nobody removed in time.</summary>
    public async Task PutAsync(string token, string keyAuthorization, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            delete from control.acme_challenges where expires_at < @now;
            insert into control.acme_challenges (token, key_authorization, expires_at) values (@token, @keyAuthorization, @ExpiresAt)
            on conflict (token) do update set key_authorization = excluded.key_authorization, expires_at = excluded.expires_at
            """,
            new { token, keyAuthorization, now, ExpiresAt = now + Life }, cancellationToken));
    }

    /// <summary>Drops the answers that nobody removed in time.</summary>
    public async Task DropExpiredAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("delete from control.acme_challenges where expires_at < @Now", new { Now = time.GetUtcNow() }, cancellationToken));
    }

    /// <summary>The answer, or null.</summary>
    public async Task<string?> FindAsync(string token, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<string?>(Sql.Command(
            "select key_authorization from control.acme_challenges where token = @token and expires_at >= @Now",
            new { token, Now = time.GetUtcNow() }, cancellationToken));
    }

    /// <summary>Removes an answer; succeeds when there is none.</summary>
    public async Task RemoveAsync(string token, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("delete from control.acme_challenges where token = @token", new { token }, cancellationToken));
    }
}
