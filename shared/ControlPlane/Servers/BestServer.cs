using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>A server that was passed over.</summary>
/// <param name="Server">Its code.</param>
/// <param name="Reason">Why, to follow its name.</param>
public sealed record PassedOverServer(string Server, string Reason);

/// <summary>Where a tenant would be placed now.</summary>
/// <param name="Code">The server's; null if none can take it.</param>
/// <param name="PassedOver">The others that cannot, those first that came nearest.</param>
public sealed record PlacementPreview(string? Code, IReadOnlyList<PassedOverServer> PassedOver);

/// <summary>Answers where a tenant would be placed, and reserves nothing.</summary>
public sealed class BestServer(NpgsqlDataSource database)
{
    /// <summary>Looks at all servers as they are.</summary>
    /// <param name="wish">What it needs.</param>
    /// <param name="strategy">One of <see cref="PlacementStrategies"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<PlacementPreview> FindAsync(PlacementWish wish, string strategy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wish);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var servers = await Placement.ReadAsync(connection, null, wish, null, cancellationToken);
        return new PlacementPreview(
            Placement.Choose(servers, wish, strategy).FirstOrDefault()?.ServerCode,
            [.. Placement.Explain(servers, wish).Select(p => new PassedOverServer(p.Code, p.Words))]);
    }
}
