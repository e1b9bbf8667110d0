using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tokens;

/// <summary>Keeps the tokens that operators make.</summary>
public sealed class OperatorTokenStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string Columns = "id, name, role, customer, hint, reason, created_at, created_by, expires_at, used_at, revoked_at, revoked_by";
    private static readonly TimeSpan UsePrecision = TimeSpan.FromMinutes(1);

    /// <summary>Stores a token; null if one that is not revoked has the name.</summary>
    public async Task<OperatorToken?> CreateAsync(NewOperatorToken token, string by, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<OperatorToken>(Sql.Command(
            $"""
            insert into control.operator_tokens (name, role, customer, hash, hint, reason, created_at, created_by, expires_at)
            values (@Name, @Role, @Customer, @Hash, @Hint, @Reason, @now, @by, @ExpiresAt)
            on conflict (coalesce(customer, ''), name) where revoked_at is null do nothing
            returning {Columns}
            """,
            new { token.Name, token.Role, token.Customer, token.Hash, token.Hint, token.Reason, token.ExpiresAt, by, now = time.GetUtcNow() }, cancellationToken));
    }

    /// <summary>The token with this hash, over or not; it is noted that one that is not over is used.</summary>
    public async Task<OperatorToken?> UseAsync(string hash, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var found = await connection.QuerySingleOrDefaultAsync<OperatorToken>(Sql.Command(
            $"select {Columns} from control.operator_tokens where hash = @hash", new { hash }, cancellationToken));
        if (found is { RevokedAt: null } && found.ExpiresAt > now && !(now - found.UsedAt < UsePrecision))
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.operator_tokens set used_at = greatest(used_at, @now) where id = @Id", new { found.Id, now }, cancellationToken));
        }

        return found;
    }

    /// <summary>A token by its number, or null.</summary>
    public async Task<OperatorToken?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<OperatorToken>(Sql.Command(
            $"select {Columns} from control.operator_tokens where id = @id", new { id }, cancellationToken));
    }

    /// <summary>Tokens, newest first.</summary>
    /// <param name="customer">Only this customer's; null for all.</param>
    /// <param name="page">Which part of the list.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Page<OperatorToken>> ListAsync(string? customer, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var where = customer is null ? string.Empty : "where customer = @customer";
        var arguments = new { customer, page.Size, page.Offset };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from control.operator_tokens {where}", arguments, cancellationToken));
        var rows = (await connection.QueryAsync<OperatorToken>(Sql.Command(
            $"select {Columns} from control.operator_tokens {where} order by id desc limit @Size offset @Offset", arguments, cancellationToken))).AsList();
        return new Page<OperatorToken>(rows, total, page.Number, page.Size);
    }

    /// <summary>Revokes a token; one that is revoked already stays as it is.</summary>
    public async Task RevokeAsync(long id, string by, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.operator_tokens set revoked_at = @now, revoked_by = @by where id = @id and revoked_at is null", new { id, by, now = time.GetUtcNow() }, cancellationToken));
    }
}
