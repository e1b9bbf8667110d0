using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane;

/// <summary>Reads and changes what is sold; the database keeps every version (migration 0121).</summary>
/// <typeparam name="TItem">The row.</typeparam>
/// <typeparam name="TFields">What may be changed of it; a base of the row.</typeparam>
public abstract partial class VersionedCatalogue<TItem, TFields>
    where TItem : class, TFields, ICatalogueItem
    where TFields : class
{
    private static readonly PropertyInfo[] Fields = [.. typeof(TFields).GetProperties().OrderBy(p => p.MetadataToken)];

    private readonly NpgsqlDataSource _database;
    private readonly TimeProvider _time;
    private readonly string _table;
    private readonly string _versions;
    private readonly string _word;

    // Columns that are set once, with the code.
    private readonly IReadOnlyList<PropertyInfo> _fixed;
    private readonly string _columns;

    /// <summary>Of one kind of row.</summary>
    /// <param name="database">The control database.</param>
    /// <param name="time">The clock.</param>
    /// <param name="word">What a row is called: <c>offer</c> or <c>plan</c>; its table is the plural.</param>
    /// <param name="fixedFields">Properties that are told once and never changed.</param>
    private protected VersionedCatalogue(NpgsqlDataSource database, TimeProvider time, string word, params string[] fixedFields)
    {
        (_database, _time, _word, _table, _versions) = (database, time, word, $"control.{word}s", $"control.{word}_versions");
        _fixed = [.. fixedFields.Select(f => typeof(TItem).GetProperty(f)!)];
        _columns = string.Join(", ", Fields.Concat(_fixed).Select(ColumnOf).Concat(["code", "version", "changed_by", "reason", "changed_at", "removed_at"]));
    }

    /// <summary>How lists are sorted.</summary>
    private protected virtual string Order => "code";

    /// <summary>Everything that is there.</summary>
    public async Task<IReadOnlyList<TItem>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TItem>(Sql.Command(
            $"select {_columns} from {_table} where removed_at is null order by {Order}", null, cancellationToken))).AsList();
    }

    /// <summary>A page of what is there.</summary>
    /// <param name="active">Only what new orders may name, or may not; null for both.</param>
    /// <param name="page">Which part.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Page<TItem>> ListAsync(bool? active, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        const string Where = "where removed_at is null and (@active::boolean is null or active = @active)";
        var parameters = new { active, page.Offset, page.Size };
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from {_table} {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<TItem>(Sql.Command(
            $"select {_columns} from {_table} {Where} order by {Order} offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<TItem>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Its newest version, or null.</summary>
    public async Task<TItem?> FindAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TItem>(Sql.Command(
            $"select {_columns} from {_table} where code = @code and removed_at is null", new { code }, cancellationToken));
    }

    private protected NpgsqlDataSource Database => _database;

    /// <summary>What a tenant was sold, as it was then; null if there is no such tenant.</summary>
    public async Task<TItem?> FindSoldAsync(long tenantId, CancellationToken cancellationToken)
    {
        var columns = string.Join(", ", _columns.Split(", ").Select(c => $"v.{c}"));
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TItem>(Sql.Command(
            $"""
            select {columns} from control.tenants t join {_versions} v on v.code = t.{_word} and v.version = t.{_word}_version where t.id = @tenantId
            """,
            new { tenantId }, cancellationToken));
    }

    /// <summary>All versions of what has, or had, the code, the newest first.</summary>
    public async Task<Page<TItem>> ListVersionsAsync(string code, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var parameters = new { code, page.Offset, page.Size };
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from {_versions} where code = @code", parameters, cancellationToken));
        var items = await connection.QueryAsync<TItem>(Sql.Command(
            $"select {_columns} from {_versions} where code = @code order by version desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<TItem>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Adds one in the caller's transaction.</summary>
    private protected async Task<CatalogueResult<TItem>> CreateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TItem item, string who, string why, CancellationToken cancellationToken)
    {
        if (await FindUnknownAsync(connection, transaction, item, cancellationToken) is { Count: > 0 } unknown)
        {
            return new CatalogueResult<TItem>.Unknown(unknown);
        }

        var parameters = ParametersOf(item, who, why, [.. Fields, .. _fixed]);
        parameters.Add("Code", item.Code);
        var columns = Fields.Concat(_fixed).ToList();
        var created = await connection.QuerySingleOrDefaultAsync<TItem>(Sql.Command(
            $"""
            insert into {_table} (code, {string.Join(", ", columns.Select(ColumnOf))}, changed_by, reason, changed_at)
            values (@Code, {string.Join(", ", columns.Select(c => $"@{c.Name}"))}, @Who, @Why, @Now)
            on conflict (code) do nothing returning {_columns}
            """,
            parameters, transaction, cancellationToken));
        return created is not null
            ? new CatalogueResult<TItem>.Done(created, true)
            : new CatalogueResult<TItem>.Taken(await connection.ExecuteScalarAsync<bool>(Sql.Command(
                $"select removed_at is not null from {_table} where code = @Code", new { item.Code }, transaction, cancellationToken))
                ? $"The code '{item.Code}' was that of {Article} {_word} that was removed, and tenants of before refer to it: choose another code."
                : $"There is {Article} {_word} '{item.Code}' already: choose another code, or change that one.");
    }

    /// <summary>Makes the next version; what tenants were sold stays as it was.</summary>
    /// <param name="code">Of what.</param>
    /// <param name="seen">Versions that the change may be made of; null for whatever there is.</param>
    /// <param name="fields">What it is to be, of what it is.</param>
    /// <param name="who">Who changes it.</param>
    /// <param name="why">Why.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public Task<CatalogueResult<TItem>> ChangeAsync(
        string code, IReadOnlyCollection<string>? seen, Func<TItem, TFields> fields, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fields);
        return ChangeAsync(code, seen, "for no key update", async (connection, transaction, item) =>
        {
            var wanted = fields(item);
            if (IsSame(item, wanted))
            {
                return new CatalogueResult<TItem>.Done(item, false);
            }

            if (await FindUnknownAsync(connection, transaction, wanted, cancellationToken) is { Count: > 0 } unknown)
            {
                return new CatalogueResult<TItem>.Unknown(unknown);
            }

            var parameters = ParametersOf(wanted, who, why, Fields);
            parameters.Add("Code", code);
            var changed = await connection.QuerySingleAsync<TItem>(Sql.Command(
                $"""
                update {_table} set {string.Join(", ", Fields.Select(f => $"{ColumnOf(f)} = @{f.Name}"))}, changed_by = @Who, reason = @Why, changed_at = @Now
                where code = @Code returning {_columns}
                """,
                parameters, transaction, cancellationToken));
            return new CatalogueResult<TItem>.Done(changed, true);
        }, cancellationToken);
    }

    /// <summary>Removes it, unless a tenant has it or could have it again; its versions stay for those that had it.</summary>
    public Task<CatalogueResult<TItem>> RemoveAsync(string code, IReadOnlyCollection<string>? seen, string who, string why, CancellationToken cancellationToken) =>

        // Conflicts with the lock that an order takes: none arrives between the look and the removal.
        ChangeAsync(code, seen, "for update", async (connection, transaction, item) =>
        {
            if (await FindUseAsync(connection, transaction, code, cancellationToken) is { } use)
            {
                return new CatalogueResult<TItem>.InUse(use);
            }

            var removed = await connection.QuerySingleAsync<TItem>(Sql.Command(
                $"update {_table} set removed_at = @now, active = false, changed_by = @who, reason = @why, changed_at = @now where code = @code returning {_columns}",
                new { code, who, why, now = _time.GetUtcNow() }, transaction, cancellationToken));
            return new CatalogueResult<TItem>.Done(removed, true);
        }, cancellationToken);

    /// <summary>Which members stand for nothing that there is.</summary>
    private protected virtual Task<IReadOnlyDictionary<string, string[]>> FindUnknownAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TFields fields, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyDictionary<string, string[]>>(new Dictionary<string, string[]>());

    /// <summary>What keeps it from being removed, in words; null if nothing does.</summary>
    private protected virtual async Task<string?> FindUseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, CancellationToken cancellationToken)
    {
        var (live, restorable) = await connection.QuerySingleAsync<(int Live, int Restorable)>(Sql.Command(
            $"""
            select count(*) filter (where {Tenants.TenantStates.IsLive})::int,
                   count(*) filter (where not ({Tenants.TenantStates.IsLive}) and exists (select from control.backups b where b.tenant_id = t.id))::int
            from control.tenants t where t.{_word} = @code
            """,
            new { code }, transaction, cancellationToken));
        return live > 0
                ? $"{PlainText.Count(live, "tenant")} {(live == 1 ? "has" : "have")} the {_word} '{code}': remove {(live == 1 ? "it" : "them")} first, or close the {_word} for new orders with \"active\": false."
            : restorable > 0
                ? $"Backups are kept of {PlainText.Count(restorable, "tenant")} that had the {_word} '{code}' and could be made again: close the {_word} for new orders with \"active\": false instead."
            : null;
    }

    private async Task<CatalogueResult<TItem>> ChangeAsync(
        string code, IReadOnlyCollection<string>? seen, string how, Func<NpgsqlConnection, NpgsqlTransaction, TItem, Task<CatalogueResult<TItem>>> change,
        CancellationToken cancellationToken)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var item = await connection.QuerySingleOrDefaultAsync<TItem>(Sql.Command(
            $"select {_columns} from {_table} where code = @code and removed_at is null {how}", new { code }, transaction, cancellationToken));
        if (item is null)
        {
            return new CatalogueResult<TItem>.NotFound();
        }

        if (seen is not null && !seen.Contains(item.Tag))
        {
            return new CatalogueResult<TItem>.Stale(item);
        }

        var result = await change(connection, transaction, item);
        if (result is CatalogueResult<TItem>.Done { Changed: true })
        {
            await transaction.CommitAsync(cancellationToken);
        }

        return result;
    }

    private string Article => _word[0] is 'o' ? "an" : "a";

    private static bool IsSame(TFields one, TFields other) =>
        Fields.All(f => JsonElement.DeepEquals(JsonSerializer.SerializeToElement(f.GetValue(one)), JsonSerializer.SerializeToElement(f.GetValue(other))));

    private DynamicParameters ParametersOf(TFields fields, string who, string why, IReadOnlyList<PropertyInfo> properties)
    {
        var parameters = new DynamicParameters(new { Who = who, Why = why, Now = _time.GetUtcNow() });
        foreach (var property in properties)
        {
            // An array is one value for the database; Dapper would write any other list out.
            parameters.Add(property.Name, property.GetValue(fields) switch
            {
                IReadOnlyList<string> texts => texts.ToArray(),
                IReadOnlyList<OfferTheme> themes => new Sql.JsonParameter(Sql.ToJson(themes)),
                var value => value,
            });
        }

        return parameters;
    }

    private static string ColumnOf(PropertyInfo property) => Capital().Replace(property.Name, "_$0").TrimStart('_').ToLowerInvariant();

    [GeneratedRegex("[A-Z]")]
    private static partial Regex Capital();
}
