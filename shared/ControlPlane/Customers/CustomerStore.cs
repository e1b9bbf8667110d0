using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Customers;

/// <summary>Who pays, as far as somebody has said.</summary>
public sealed record Customer
{
    /// <summary>As tokens and tenants name it.</summary>
    public string Code { get; init; } = string.Empty;
    public string? Name { get; init; }

    /// <summary>Where notices go; that of the tenant's order unless set.</summary>
    public string? Email { get; init; }

    /// <summary>Such as <c>fr</c> or <c>fr_FR</c>; the tenant's unless set.</summary>
    public string? Language { get; init; }

    /// <summary>Tenants that live.</summary>
    public long Tenants { get; init; }

    /// <summary>Grows with each change; 0 for one that only tenants name.</summary>
    public int Version { get; init; }
    public string? ChangedBy { get; init; }
    public DateTimeOffset? ChangedAt { get; init; }
}

/// <summary>Customers: those that somebody described, and those that tenants name.</summary>
public sealed class CustomerStore(NpgsqlDataSource database, TimeProvider time)
{
    private const string Known =
        "(select code from control.customers union select customer from control.tenants where customer is not null)";

    private const string Select =
        $"""
        select k.code, c.name, c.email, c.language, coalesce(c.version, 0) as version, c.changed_by, c.changed_at,
               (select count(*) from control.tenants t where t.customer = k.code and t.state not in ('failed', 'terminated')) as tenants
        from {Known} k left join control.customers c on c.code = k.code
        """;

    /// <summary>By page, by code.</summary>
    /// <param name="search">Only those whose code, name or e-mail address holds this; all if null.</param>
    /// <param name="page">The page.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<Page<Customer>> ListAsync(string? search, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where =
            """
            where (@search::text is null or position(lower(@search) in lower(k.code)) > 0 or position(lower(@search) in lower(c.name)) > 0
              or position(lower(@search) in lower(c.email)) > 0)
            """;
        page = page.Checked();
        var parameters = new { search, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            $"select count(*) from {Known} k left join control.customers c on c.code = k.code {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<Customer>(Sql.Command($"{Select} {Where} order by k.code offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Customer>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>The customer, or null.</summary>
    public async Task<Customer?> FindAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Customer>(Sql.Command($"{Select} where k.code = @code", new { code }, cancellationToken));
    }

    /// <summary>Describes a customer who is known; false if somebody else did meanwhile.</summary>
    public async Task<bool> ChangeAsync(Customer customer, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(customer);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            customer.Version == 0
                ? """
                  insert into control.customers (code, name, email, language, changed_by, changed_at) values (@Code, @Name, @Email, @Language, @who, @Now)
                  on conflict (code) do nothing
                  """
                : """
                  update control.customers set name = @Name, email = @Email, language = @Language, version = version + 1, changed_by = @who, changed_at = @Now
                  where code = @Code and version = @Version
                  """,
            new { customer.Code, customer.Name, customer.Email, customer.Language, customer.Version, who, Now = time.GetUtcNow() }, cancellationToken)) > 0;
    }
}
