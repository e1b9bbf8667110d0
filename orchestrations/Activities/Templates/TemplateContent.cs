using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Bibind.Activities.Templates;

/// <summary>Versions a template by what is in it.</summary>
public static class TemplateContent
{
    private const string ModulesSql = """
        select 'module ' || name || ' ' || coalesce(latest_version, '') from ir_module_module
        where state = 'installed' order by name collate "C"
        """;

    private const string ColumnsSql = """
        select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relnamespace = to_regnamespace('public')
        order by c.relname collate "C", a.attname collate "C"
        """;

    /// <summary>Lower-case hex of the SHA-256 over installed modules with their versions and over every table's columns.</summary>
    public static async Task<string> HashAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var look = new NpgsqlCommand("select to_regclass('public.ir_module_module') is not null", connection);
        if (await look.ExecuteScalarAsync(cancellationToken) is true)
        {
            await AppendAsync(hash, connection, ModulesSql, cancellationToken);
        }

        await AppendAsync(hash, connection, ColumnsSql, cancellationToken);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// The same for a version: two that hold the same modules are told apart, since clones of one must not pass for clones of the
    /// other. Their people, languages and settings may differ.
    /// </summary>
    public static string OfVersion(string hash, int number) => number == 1
        ? hash
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{hash} version {number}"))));

    private static async Task AppendAsync(IncrementalHash hash, NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(reader.GetString(0) + "\n"));
        }
    }
}
