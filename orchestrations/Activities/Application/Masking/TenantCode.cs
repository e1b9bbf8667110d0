using Bibind.Activities.Database;
using Npgsql;

namespace Bibind.Activities.Application.Masking;

/// <summary>
/// Triggers, rules and forced policies of a copy's own, switched off in a transaction of ours and on again before its end: they would undo, hide
/// or refuse what is written. It is the copy's own login that does it, which owns its tables; whatever is of somebody else is left.
/// </summary>
internal sealed class TenantCode
{
    // Of every schema, because a table may have children elsewhere. What the application's own constraints need is internal, and stays on.
    private const string FindSql =
        """
        select 'trigger', format('%I.%I', n.nspname, c.relname), format('%I', t.tgname), t.tgenabled::text
        from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
        where not t.tgisinternal and t.tgenabled <> 'D' and c.relkind in ('r', 'p') and c.relowner = (select oid from pg_roles where rolname = current_user)
          and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
        union all
        select 'rule', format('%I.%I', n.nspname, c.relname), format('%I', r.rulename), r.ev_enabled::text
        from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
        where r.ev_enabled <> 'D' and c.relkind in ('r', 'p') and c.relowner = (select oid from pg_roles where rolname = current_user)
          and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
        union all
        select 'policies', format('%I.%I', n.nspname, c.relname), '', ''
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relforcerowsecurity and c.relkind in ('r', 'p') and c.relowner = (select oid from pg_roles where rolname = current_user)
          and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
        order by 1, 2, 3
        """;

    private readonly NpgsqlConnection _connection;
    private readonly List<Piece> _pieces;

    private TenantCode(NpgsqlConnection connection, List<Piece> pieces) => (_connection, _pieces) = (connection, pieces);

    /// <summary>How many were switched off.</summary>
    public int Count => _pieces.Count;

    /// <summary>Switches them off until the transaction ends, or until they are switched on again.</summary>
    public static async Task<TenantCode> SetAsideAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var pieces = new List<Piece>();
        await using (var find = new NpgsqlCommand(FindSql, connection))
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                pieces.Add(new Piece(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
            }
        }

        var code = new TenantCode(connection, pieces);
        await code.RunAsync(p => p.Off, cancellationToken);
        return code;
    }

    /// <summary>Switches them on again, as they were.</summary>
    public async Task GiveBackAsync(CancellationToken cancellationToken)
    {
        if (_pieces.Count == 0)
        {
            return;
        }

        // A table with checks that wait for the end of the transaction cannot be altered.
        await using (var check = new NpgsqlCommand("set constraints all immediate", _connection))
        {
            await check.ExecuteNonQueryAsync(cancellationToken);
        }

        await RunAsync(p => p.On, cancellationToken);
    }

    /// <summary>Makes plain columns of generated ones, which nobody can write to.</summary>
    public static async Task ReleaseColumnsAsync(NpgsqlConnection connection, IReadOnlyCollection<(string Table, string Column)> columns, CancellationToken cancellationToken)
    {
        var statements = columns.Select(c => $"alter table public.{SqlText.Identifier(c.Table)} alter column {SqlText.Identifier(c.Column)} drop expression").ToList();
        if (statements.Count > 0)
        {
            await using var release = new NpgsqlCommand(string.Join(";\n", statements), connection);
            await release.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private async Task RunAsync(Func<Piece, string> statement, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(_connection);
        foreach (var piece in _pieces)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement(piece)));
        }

        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    // Names come quoted from the catalogue. Each table for itself: what it has from a parent is in the list too.
    private sealed record Piece(string Kind, string Table, string Name, string Mode)
    {
        public string Off => Kind == "policies" ? $"alter table only {Table} no force row level security" : $"alter table only {Table} disable {Kind} {Name}";

        public string On => Kind == "policies" ? $"alter table only {Table} force row level security" : $"alter table only {Table} enable{ModeWords} {Kind} {Name}";

        private string ModeWords => Mode switch
        {
            "A" => " always",
            "R" => " replica",
            _ => string.Empty,
        };
    }
}
