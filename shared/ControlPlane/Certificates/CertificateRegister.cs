using Bibind.ControlPlane.Notices;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Certificates;

/// <summary>A certificate that we hold, without its key.</summary>
/// <param name="Name">Of the secret with chain and key.</param>
/// <param name="TenantId">Null for the platform's own.</param>
/// <param name="Issuer">Host of the ACME directory, or <c>local</c>.</param>
/// <param name="LookAt">When to decide next whether to renew it.</param>
/// <param name="Failures">Renewals that failed since the last one that did not.</param>
/// <param name="ToPublish">It was renewed, and nobody has been told yet which proxies need it.</param>
public sealed record RegisteredCertificate(
    string Name, long? TenantId, string Host, string Issuer, DateTimeOffset NotBefore, DateTimeOffset NotAfter, DateTimeOffset LookAt,
    int Failures = 0, string? LastFailure = null, bool ToPublish = false);

/// <summary>Knows which certificates there are and when each is to be looked at.</summary>
public sealed class CertificateRegister(NpgsqlDataSource database, INotices notices, TimeProvider time)
{
    /// <summary>Failures in a row after which operators are told: one may be a hiccup of the authority's.</summary>
    private const int FailuresToTell = 2;

    private const string Columns = "name, tenant_id, host, issuer, not_before, not_after, look_at, failures, last_failure, to_publish";

    /// <summary>Enters a certificate in the place of the one before it, with the notice of one that cannot be renewed.</summary>
    public async Task PutAsync(RegisteredCertificate certificate, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            $"""
            insert into control.certificates ({Columns}, updated_at)
            values (@Name, @TenantId, @Host, @Issuer, @NotBefore, @NotAfter, @LookAt, @Failures, @LastFailure, @ToPublish, @Now)
            on conflict (name) do update set
              tenant_id = excluded.tenant_id, host = excluded.host, issuer = excluded.issuer, not_before = excluded.not_before,
              not_after = excluded.not_after, look_at = excluded.look_at, failures = excluded.failures,
              last_failure = excluded.last_failure, to_publish = excluded.to_publish, updated_at = excluded.updated_at
            """,
            new
            {
                certificate.Name,
                certificate.TenantId,
                certificate.Host,
                certificate.Issuer,
                certificate.NotBefore,
                certificate.NotAfter,
                certificate.LookAt,
                certificate.Failures,
                certificate.LastFailure,
                certificate.ToPublish,
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));
        var failing = Notice.CertificateFailing(
            certificate.TenantId, certificate.Host, certificate.NotAfter, certificate.Failures, certificate.LastFailure ?? "The authority did not say why.");
        if (certificate.Failures >= FailuresToTell)
        {
            await notices.RaiseAsync(connection, transaction, failing, cancellationToken);
        }
        else if (certificate.Failures == 0)
        {
            await notices.CloseAsync(connection, transaction, failing, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The certificate of a name, or null.</summary>
    public async Task<RegisteredCertificate?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Row>(Sql.Command(
            $"select {Columns} from control.certificates where name = @name", new { name }, cancellationToken));
        return row?.ToCertificate();
    }

    /// <summary>The certificates of a host; mostly one.</summary>
    public async Task<IReadOnlyList<RegisteredCertificate>> FindByHostAsync(string host, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(Sql.Command(
            $"select {Columns} from control.certificates where host = @host order by name", new { host }, cancellationToken));
        return [.. rows.Select(r => r.ToCertificate())];
    }

    /// <summary>Certificates whose time to be looked at has come, and those that have to be published, the most urgent first.</summary>
    public async Task<IReadOnlyList<RegisteredCertificate>> DueAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<Row>(Sql.Command(
            $"select {Columns} from control.certificates where look_at <= @Now or to_publish order by not_after limit @limit",
            new { limit, Now = time.GetUtcNow() }, cancellationToken));
        return [.. rows.Select(r => r.ToCertificate())];
    }

    /// <summary>Notes that whoever publishes a certificate knows of it.</summary>
    public async Task NotePublishingAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.certificates set to_publish = false where name = @name and to_publish", new { name }, cancellationToken));
    }

    /// <summary>Strikes a certificate out; succeeds when it is not in.</summary>
    public async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("delete from control.certificates where name = @name", new { name }, cancellationToken));
    }

    private sealed class Row
    {
        public string Name { get; init; } = string.Empty;
        public long? TenantId { get; init; }
        public string Host { get; init; } = string.Empty;
        public string Issuer { get; init; } = string.Empty;
        public DateTimeOffset NotBefore { get; init; }
        public DateTimeOffset NotAfter { get; init; }
        public DateTimeOffset LookAt { get; init; }
        public int Failures { get; init; }
        public string? LastFailure { get; init; }
        public bool ToPublish { get; init; }

        public RegisteredCertificate ToCertificate() =>
            new(Name, TenantId, Host, Issuer, NotBefore, NotAfter, LookAt, Failures, LastFailure, ToPublish);
    }
}
