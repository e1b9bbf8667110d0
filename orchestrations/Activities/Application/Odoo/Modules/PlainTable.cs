using Npgsql;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>A table of the application's that is read in a tenant's database, with the columns that are.</summary>
internal sealed record PlainTable(string Name, params (string Name, string Type)[] Columns)
{
    // Rows of pg_class and pg_attribute, found by the name in public alone. Of a generated column nobody knows what it does.
    private const string Sql =
        """
        select c.relkind = 'r' and not c.relrowsecurity
               and (select count(*) from pg_catalog.pg_attribute a
                    join pg_catalog.generate_subscripts($2::pg_catalog.text[], 1) as wanted (i) on a.attname = ($2::pg_catalog.text[])[wanted.i]
                    where a.attrelid = c.oid and pg_catalog.format_type(a.atttypid, null) = ($3::pg_catalog.text[])[wanted.i]
                      and a.attgenerated = '' and not a.attisdropped) = pg_catalog.cardinality($2::pg_catalog.text[])
        from pg_catalog.pg_class c
        where c.relname = $1 and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'public')
        """;

    /// <summary>True if it is there, is a table that does nothing by itself when it is read, and has these columns.</summary>
    public async Task<bool> IsPlainAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new() { Value = Name },
                new() { Value = Columns.Select(c => c.Name).ToArray() },
                new() { Value = Columns.Select(c => c.Type).ToArray() },
            },
        };
        return await look.ExecuteScalarAsync(cancellationToken) is true;
    }
}
