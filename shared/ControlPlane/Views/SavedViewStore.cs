using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Views;

/// <summary>A list of the console, filtered as somebody wants to see it again.</summary>
public sealed record SavedView
{
    /// <summary>As they call it.</summary>
    public string Name { get; init; } = string.Empty;

    /// <summary>Its address below the host.</summary>
    public string Path { get; init; } = string.Empty;

    /// <summary>When it was kept, or changed last.</summary>
    public DateTimeOffset SavedAt { get; init; }
}

/// <summary>Keeps people's views of the console: each has their own.</summary>
public sealed class SavedViewStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Nobody keeps more.</summary>
    public const int Most = 50;

    /// <summary>Somebody's views by name.</summary>
    public async Task<IReadOnlyList<SavedView>> ListAsync(string owner, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<SavedView>(Sql.Command(
            "select name, path, saved_at from control.saved_views where owner = @owner order by lower(name), name", new { owner }, cancellationToken))).AsList();
    }

    /// <summary>Keeps a view, or gives the one of the name another address; null if there are as many as anybody may keep.</summary>
    public async Task<SavedView?> KeepAsync(string owner, string name, string path, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var arguments = new { owner, name, path, Most, now = time.GetUtcNow() };

        // One after the other, so that two at once are not one too many.
        await connection.ExecuteAsync(Sql.Command("select pg_advisory_xact_lock(hashtextextended('saved views of ' || @owner, 0))", arguments, transaction, cancellationToken));
        var kept = await connection.QuerySingleOrDefaultAsync<SavedView>(Sql.Command(
            """
            insert into control.saved_views (owner, name, path, saved_at)
            select @owner, @name, @path, @now
            where (select count(*) from control.saved_views where owner = @owner and name <> @name) < @Most
            on conflict (owner, name) do update set path = excluded.path, saved_at = excluded.saved_at
            returning name, path, saved_at
            """,
            arguments, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return kept;
    }

    /// <summary>Forgets a view; false if there is none.</summary>
    public async Task<bool> ForgetAsync(string owner, string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command("delete from control.saved_views where owner = @owner and name = @name", new { owner, name }, cancellationToken)) > 0;
    }
}
