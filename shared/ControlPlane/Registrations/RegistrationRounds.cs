using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Registrations;

/// <summary>Registrations as operators see them, and what time does to them.</summary>
public sealed class RegistrationRounds(NpgsqlDataSource database, IOptions<RegistrationOptions> options, TimeProvider time)
{
    private const int Batch = 1000;

    /// <summary>By page, newest first.</summary>
    /// <param name="state">Only those in this state; all if null.</param>
    /// <param name="page">The page.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<Page<Registration>> ListAsync(string? state, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where = "from control.registrations where (@state::text is null or state = @state)";
        page = page.Checked();
        var parameters = new { state, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<Registration>(Sql.Command($"select * {Where} order by id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Registration>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Ends a registration that waits, or whose order is tried, and gives its code free; answers its state now, null if there is none.</summary>
    public async Task<(string? State, bool IsWithdrawn)> WithdrawAsync(long id, string who, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var withdrawn = await connection.ExecuteAsync(Sql.Command(
            """
            update control.registrations set state = 'withdrawn', next_try_at = null, ended_at = @Now, ended_by = @who where id = @id and state in ('waiting', 'confirmed')
            """,
            new { id, who, Now = time.GetUtcNow() }, cancellationToken)) > 0;
        return (await connection.ExecuteScalarAsync<string?>(Sql.Command("select state from control.registrations where id = @id", new { id }, cancellationToken)), withdrawn);
    }

    /// <summary>Those whose order is due, the oldest first.</summary>
    public async Task<IReadOnlyList<long>> FindDueAsync(int most, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<long>(Sql.Command(
            "select id from control.registrations where state = 'confirmed' and next_try_at <= @Now order by next_try_at limit @most",
            new { Now = time.GetUtcNow(), most }, cancellationToken))).AsList();
    }

    /// <summary>Ends those whose time is up; answers how many.</summary>
    public async Task<int> ExpireAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update control.registrations set state = 'expired', ended_at = @Now, ended_by = 'timer'
            where id in (select id from control.registrations where state = 'waiting' and expires_at <= @Now order by expires_at limit @Batch for update skip locked)
            """,
            new { Now = time.GetUtcNow(), Batch }, cancellationToken));
    }

    /// <summary>Forgets persons and tokens of registrations that are over, and the rows that say nothing any more; answers how many registrations.</summary>
    public async Task<int> ForgetAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // Whatever became of the process that made one: a token is kept for a registration that waits, and for one that is being made.
        await connection.ExecuteAsync(Sql.Command(
            """
            delete from control.secrets s where s.name like 'registrations/%/token' and s.created_at < @anHourAgo
              and not exists (select from control.registrations r where r.state = 'waiting' and s.name = 'registrations/' || r.id || '/token')
            """,
            new { anHourAgo = now.AddHours(-1) }, cancellationToken));
        var forgotten = await connection.ExecuteScalarAsync<int>(Sql.Command(
            """
            with over as (
              select id, state from control.registrations where ended_at < @oldest and forgotten_at is null order by ended_at limit @Batch for update skip locked),
            letters as (delete from control.notices where subject in (select 'registration:' || id from over)),
            gone as (delete from control.registrations r using over where r.id = over.id and over.state <> 'ordered'),
            kept as (
              update control.registrations r set name = null, contact = null, email = null, token_hash = null, forgotten_at = @now
              from over where r.id = over.id and over.state = 'ordered')
            select count(*) from over
            """,
            new { now, oldest = now - options.Value.KeepFor, Batch }, cancellationToken));
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.registrations where forgotten_at is not null and confirmed_at < @again", new { again = now - options.Value.TrialAgain }, cancellationToken));
        return forgotten;
    }
}
