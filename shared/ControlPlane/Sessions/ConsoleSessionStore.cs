using Bibind.ControlPlane.Secrets;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Sessions;

/// <summary>Keeps who is signed in at the console.</summary>
public sealed class ConsoleSessionStore(NpgsqlDataSource database, ISecretStore secrets, TimeProvider time)
{
    private const string Columns = "s.id, s.actor, s.role, s.source, s.token_id, s.token_label, s.address, s.created_at, s.seen_at, s.ends_at";

    // A session ends with the token that it was begun with.
    private const string Live = """
        s.ended_at is null and s.ends_at > @now and s.seen_at > @idleSince
        and (s.token_id is null or exists (select from control.operator_tokens t where t.id = s.token_id and t.revoked_at is null and t.expires_at > @now))
        """;

    // Kept a while for whoever asks who was signed in; the audit says it for longer.
    private static readonly TimeSpan KeepFor = TimeSpan.FromDays(30);
    private static readonly TimeSpan SeenPrecision = TimeSpan.FromMinutes(1);

    /// <summary>Begins a session; answers its number.</summary>
    /// <param name="session">The session.</param>
    /// <param name="idToken">What signs it out at the issuer, too; null if it was not begun there.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<long> BeginAsync(NewConsoleSession session, string? idToken, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var id = await connection.ExecuteScalarAsync<long>(Sql.Command(
            """
            insert into control.console_sessions (hash, actor, role, source, token_id, token_label, address, created_at, seen_at, ends_at)
            values (@Hash, @Actor, @Role, @Source, @TokenId, @TokenLabel, @Address, @now, @now, @ends) returning id
            """,
            new { session.Hash, session.Actor, session.Role, session.Source, session.TokenId, session.TokenLabel, session.Address, now, ends = now + session.Lifetime },
            cancellationToken));
        if (idToken is not null)
        {
            await secrets.SetAsync(SecretOf(id), idToken, cancellationToken);
        }

        return id;
    }

    /// <summary>The session with this hash if it is not over; it is noted that it is used.</summary>
    public async Task<ConsoleSession?> FindAsync(string hash, TimeSpan idleLimit, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var found = await connection.QuerySingleOrDefaultAsync<ConsoleSession>(Sql.Command(
            $"select {Columns} from control.console_sessions s where s.hash = @hash and {Live}", new { hash, now, idleSince = now - idleLimit }, cancellationToken));
        if (found is not null && now - found.SeenAt >= SeenPrecision)
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.console_sessions set seen_at = @now where id = @Id and seen_at < @now and ended_at is null", new { found.Id, now }, cancellationToken));
        }

        return found;
    }

    /// <summary>The sessions that are not over, newest first.</summary>
    public async Task<Page<ConsoleSession>> ListAsync(TimeSpan idleLimit, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var now = time.GetUtcNow();
        var arguments = new { now, idleSince = now - idleLimit, page.Size, page.Offset };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from control.console_sessions s where {Live}", arguments, cancellationToken));
        var rows = (await connection.QueryAsync<ConsoleSession>(Sql.Command(
            $"select {Columns} from control.console_sessions s where {Live} order by s.id desc limit @Size offset @Offset", arguments, cancellationToken))).AsList();
        return new Page<ConsoleSession>(rows, total, page.Number, page.Size);
    }

    /// <summary>Ends a session; false if there is none, or it was ended before.</summary>
    public async Task<bool> EndAsync(long id, string by, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var ended = await connection.ExecuteAsync(Sql.Command(
            "update control.console_sessions set ended_at = @now, ended_by = @by where id = @id and ended_at is null", new { id, by, now = time.GetUtcNow() }, cancellationToken));
        await secrets.DeleteAsync(SecretOf(id), cancellationToken);
        return ended > 0;
    }

    /// <summary>What signs a session out at the issuer; null if it was not begun there.</summary>
    public Task<string?> FindIdTokenAsync(long id, CancellationToken cancellationToken) => secrets.FindAsync(SecretOf(id), cancellationToken);

    /// <summary>Forgets sessions that ended long ago, and what would sign out those that are over; answers how many went.</summary>
    public async Task<int> PurgeAsync(TimeSpan idleLimit, int most, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            delete from control.secrets where name in (
              select 'console-sessions/' || s.id || '/id-token' from control.console_sessions s
              where s.source = 'oidc' and s.ends_at > @oldest and (s.ended_at is not null or s.ends_at <= @now or s.seen_at <= @idleSince))
            """,
            new { now, idleSince = now - idleLimit, oldest = now - KeepFor }, cancellationToken));
        return await connection.ExecuteAsync(Sql.Command(
            """
            delete from control.console_sessions where id in (select id from control.console_sessions where ends_at < @oldest order by ends_at limit @most);
            """,
            new { oldest = now - KeepFor, most }, cancellationToken));
    }

    private static string SecretOf(long id) => $"console-sessions/{id.ToString(System.Globalization.CultureInfo.InvariantCulture)}/id-token";
}
