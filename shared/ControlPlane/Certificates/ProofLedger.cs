using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Certificates;

/// <summary>A proof that was put where an authority looks.</summary>
/// <param name="Challenge"><c>dns-01</c> or <c>http-01</c>.</param>
/// <param name="Place">The record's name, or the token.</param>
/// <param name="Certificate">The name of the certificate that it was for.</param>
public sealed record ShownProof(string Challenge, string Place, string Certificate);

/// <summary>Knows which proofs lie outside, so that one that a killed process left is found and taken away.</summary>
public sealed class ProofLedger(NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns = "challenge, place, certificate";

    /// <summary>Notes a proof; before it is shown.</summary>
    public async Task NoteAsync(ShownProof proof, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(proof);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            $"""
            insert into control.acme_proofs ({Columns}, shown_at) values (@Challenge, @Place, @Certificate, @Now)
            on conflict (challenge, place) do update set certificate = excluded.certificate, shown_at = excluded.shown_at
            """,
            new { proof.Challenge, proof.Place, proof.Certificate, Now = time.GetUtcNow() }, cancellationToken));
    }

    /// <summary>Forgets a proof; after it was taken away.</summary>
    public async Task ForgetAsync(ShownProof proof, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(proof);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.acme_proofs where challenge = @Challenge and place = @Place", new { proof.Challenge, proof.Place }, cancellationToken));
    }

    /// <summary>The proofs of a certificate.</summary>
    public async Task<IReadOnlyList<ShownProof>> OfAsync(string certificate, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<ShownProof>(Sql.Command(
            $"select {Columns} from control.acme_proofs where certificate = @certificate order by place", new { certificate }, cancellationToken))).AsList();
    }

    /// <summary>Certificates whose proofs are outside, the oldest first.</summary>
    public async Task<IReadOnlyList<string>> CertificatesAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<string>(Sql.Command(
            "select certificate from control.acme_proofs group by certificate order by min(shown_at) limit @limit", new { limit }, cancellationToken))).AsList();
    }
}
