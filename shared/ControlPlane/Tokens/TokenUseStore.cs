using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tokens;

/// <summary>A token of the settings was presented; the token itself is nowhere.</summary>
/// <param name="Kind"><c>api</c> or <c>webhook</c>.</param>
/// <param name="Caller">Whose it is.</param>
/// <param name="Label">Which of the caller's it is.</param>
/// <param name="At">When.</param>
/// <param name="IsRefused">True if it had ended.</param>
public sealed record TokenUse(string Kind, string Caller, string Label, DateTimeOffset At, bool IsRefused);

/// <summary>When a token of the settings was last presented, at any host.</summary>
public sealed record TokenLastUse
{
    /// <summary><c>api</c> or <c>webhook</c>.</summary>
    public string Kind { get; init; } = string.Empty;

    /// <summary>Whose it is.</summary>
    public string Caller { get; init; } = string.Empty;

    /// <summary>Which of the caller's it is.</summary>
    public string Label { get; init; } = string.Empty;

    /// <summary>When it last opened something; null if it never did.</summary>
    public DateTimeOffset? UsedAt { get; init; }

    /// <summary>When it was last presented after its end; null if it never was.</summary>
    public DateTimeOffset? RefusedAt { get; init; }
}

/// <summary>Keeps when tokens of the settings were last used.</summary>
public sealed class TokenUseStore(NpgsqlDataSource database)
{
    /// <summary>Records a use; a later one that is recorded already stays.</summary>
    public async Task RecordAsync(TokenUse use, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.token_uses (kind, caller, label, used_at, refused_at)
            values (@Kind, @Caller, @Label, case when not @IsRefused then @At end, case when @IsRefused then @At end)
            on conflict (kind, caller, label) do update set
              used_at = greatest(token_uses.used_at, excluded.used_at), refused_at = greatest(token_uses.refused_at, excluded.refused_at)
            """,
            use, cancellationToken));
    }

    /// <summary>All of them.</summary>
    public async Task<IReadOnlyList<TokenLastUse>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TokenLastUse>(Sql.Command(
            "select kind, caller, label, used_at, refused_at from control.token_uses order by kind, caller, label", null, cancellationToken))).AsList();
    }
}
