using System.Security.Cryptography;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;
using NpgsqlTypes;

namespace Bibind.Activities.Application.Masking;

/// <summary>Applies rules of masking in a transaction of the caller's, each table in one statement.</summary>
internal static class TableMasking
{
    private const int HashLength = 64;
    private const string MailSuffix = "@masked.invalid";
    private const int MailHashLength = 24;

    /// <summary>Applies them; the tenant's triggers and rules must be set aside.</summary>
    /// <exception cref="PermanentFailureException">A rule cannot be applied to its column, or what it makes is refused.</exception>
    public static async Task<IReadOnlyList<StagingChange>> RunAsync(NpgsqlConnection connection, IReadOnlyList<MaskedColumn> columns, CancellationToken cancellationToken)
    {
        if (columns.Select(ProblemWith).OfType<string>().ToList() is { Count: > 0 } problems)
        {
            throw new PermanentFailureException($"The masking cannot be applied: {string.Join("; ", problems)}. Mend the rules and order again.");
        }

        // Known to nobody and forgotten with this: else whoever guesses a value could look up its hash.
        var salt = RandomNumberGenerator.GetHexString(64);
        await TenantCode.ReleaseColumnsAsync(connection, [.. columns.Where(c => c.IsGenerated).Select(c => (c.Rule.Table, c.Rule.Column))], cancellationToken);
        var changes = new List<StagingChange>();
        foreach (var table in columns.GroupBy(c => c.Rule.Table, StringComparer.Ordinal))
        {
            changes.Add(new StagingChange(table.Key, [.. table.Select(c => c.Rule.Column)], await RunAsync(connection, table.Key, [.. table], salt, cancellationToken)));
        }

        return changes;
    }

    private static async Task<long> RunAsync(NpgsqlConnection connection, string table, IReadOnlyList<MaskedColumn> columns, string salt, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand { Connection = connection, CommandTimeout = 0 };
        command.Parameters.Add(new NpgsqlParameter { Value = salt, NpgsqlDbType = NpgsqlDbType.Text });
        var values = new List<string>();
        foreach (var column in columns)
        {
            if (column.Rule.Method == MaskingMethods.Fixed)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = column.Rule.Value, NpgsqlDbType = NpgsqlDbType.Text });
            }

            var name = SqlText.Identifier(column.Rule.Column);
            values.Add(column.Rule.Method == MaskingMethods.Null
                ? $"{name} = null"
                : $"{name} = case when {IsFilled(column)} then {NewValue(column, $"${command.Parameters.Count}")} else {name} end");
        }

        // The salt is named even where nothing is hashed, or the server would not know its type.
        command.CommandText =
            $"update public.{SqlText.Identifier(table)} set {string.Join(", ", values)} where $1::text is not null and ({string.Join(" or ", columns.Select(IsFilled))})";
        try
        {
            return await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState[..2] is "22" or "23" or "42" or "44" or "P0")
        {
            throw new PermanentFailureException(
                $"The masking of {table} ({string.Join(", ", columns.Select(c => c.Rule.Column))}) cannot be applied: {refused.MessageText} (SQLSTATE {refused.SqlState}). Mend the rules and order again.", refused);
        }
    }

    private static string? ProblemWith(MaskedColumn column)
    {
        var (name, method) = ($"{column.Rule.Table}.{column.Rule.Column}", column.Rule.Method);
        return method switch
        {
            MaskingMethods.Null => null,
            _ when column.Family.Length == 0 => $"{name} is of the type {column.Type}, which is not PostgreSQL's own: only the method null can be applied to it",
            MaskingMethods.Hash when !column.IsText && !column.IsTranslated => $"{name} is of the type {column.Type}: the method hash is for texts",
            MaskingMethods.Email when !column.IsText => $"{name} is of the type {column.Type}: the method email is for texts",
            MaskingMethods.Email when column.Length < MailHashLength + MailSuffix.Length => $"{name} holds {column.Length} characters, too few for an address",
            _ => null,
        };
    }

    private static string IsFilled(MaskedColumn column)
    {
        var name = SqlText.Identifier(column.Rule.Column);
        return column.IsText ? $"{name} <> ''" : $"{name} is not null";
    }

    private static string NewValue(MaskedColumn column, string parameter)
    {
        var name = SqlText.Identifier(column.Rule.Column);
        return column.Rule.Method switch
        {
            MaskingMethods.Hash when column.IsTranslated => Translated(name, Hash("v.value", HashLength)),
            MaskingMethods.Hash => Hash($"{name}::text", Math.Min(column.Length ?? HashLength, HashLength)),
            MaskingMethods.Email => $"{Hash($"lower({name}::text)", MailHashLength)} || '{MailSuffix}'",
            _ when column.IsTranslated => Translated(name, $"{parameter}::text"),
            _ => $"cast({parameter}::text as {column.Type})",
        };
    }

    // Each language its own; what is no text with translations is what it would be in a text column.
    private static string Translated(string name, string value) =>
        $"case when jsonb_typeof({name}) = 'object' then coalesce((select jsonb_object_agg(v.key, {value}) from jsonb_each_text({name}) v), '{{}}'::jsonb) "
        + $"else (select to_jsonb({value}) from (select {name}::text as value) v) end";

    private static string Hash(string text, int length) =>
        FormattableString.Invariant($"left(encode(sha256(convert_to($1::text || {text}, 'UTF8')), 'hex'), {length})");
}
