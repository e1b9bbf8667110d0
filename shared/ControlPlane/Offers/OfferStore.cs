using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Offers;

/// <summary>Reads offers.</summary>
public sealed class OfferStore(NpgsqlDataSource database)
{
    private const string Columns = "code, name, application, delivery, default_plan, default_template, database_pattern";

    /// <summary>All offers, by code.</summary>
    public async Task<IReadOnlyList<Offer>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Offer>(Sql.Command(
            $"select {Columns} from control.offers order by code", null, cancellationToken))).AsList();
    }

    /// <summary>The offer, or null.</summary>
    public async Task<Offer?> FindAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Offer>(Sql.Command(
            $"select {Columns} from control.offers where code = @code", new { code }, cancellationToken));
    }
}
