using Bibind.Contracts;
using Bibind.ControlPlane.Databases;

namespace Bibind.Activities.Database;

/// <summary>Why a database cannot be made a tenant's own.</summary>
public enum AdoptableKind
{
    /// <summary>It can.</summary>
    Adoptable,

    /// <summary>It is the tenant's own already.</summary>
    Ours,
    Missing,
    Invalid,

    /// <summary>It is recorded as another's.</summary>
    Others,

    /// <summary>A role owns it that none of our databases belongs to.</summary>
    StrangeOwner,
}

/// <summary>The database of a tenant's name as its server has it.</summary>
/// <param name="Kind">Whether it can be adopted.</param>
/// <param name="Oid">Its number.</param>
/// <param name="Owner">The role that owns it.</param>
/// <param name="Words">Why it cannot be adopted, and what would help; empty if it can.</param>
public sealed record AdoptableDatabase(AdoptableKind Kind, uint Oid, string Owner, string Words);

/// <summary>Looks whether the database of a tenant's name could be made the tenant's own.</summary>
public sealed class AdoptableDatabases(PostgresConnector postgres)
{
    /// <summary>The database of the tenant's name on its server.</summary>
    /// <inheritdoc cref="PostgresConnector.OpenMaintenanceAsync" path="/exception"/>
    public async Task<AdoptableDatabase> LookAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var holder = DatabaseHolder.Tenant(place.TenantId);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind adopt {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(place.Database, async () =>
        {
            var known = await LabelledDatabases.KnownAsync(session, holder, cancellationToken);
            var name = $"The database '{place.Database}' on server '{session.Server.Code}'";
            if (await DatabaseCatalogue.LookAsync(session, place.Database, cancellationToken) is not { } sight)
            {
                return new AdoptableDatabase(AdoptableKind.Missing, 0, string.Empty, $"There is no database '{place.Database}' on server '{session.Server.Code}'.");
            }

            AdoptableDatabase As(AdoptableKind kind, string words) => new(kind, sight.Oid, sight.Owner, words);
            if (known.Find(sight.Oid) is { Purpose: DatabasePurposes.Current } && !sight.IsInvalid)
            {
                return As(AdoptableKind.Ours, string.Empty);
            }

            if (await session.Register.FindAsync(session.Server.ServerId, sight.Oid, cancellationToken) is { } other && other.Holder != holder)
            {
                return As(AdoptableKind.Others, $"{name} is the database of {other.Holder}.");
            }

            return sight.IsInvalid
                ? As(AdoptableKind.Invalid, $"{name} is invalid, for a DROP of it was interrupted: drop it.")
                : sight.IsOwnedByUs || sight.Owner == session.Server.ApplicationRole
                    ? As(AdoptableKind.Adoptable, string.Empty)
                    : As(
                        AdoptableKind.StrangeOwner,
                        $"{name} belongs to role '{sight.Owner}', and the application works only with what is its own: ALTER DATABASE \"{place.Database}\" OWNER TO \"{session.Server.ApplicationRole}\".");
        });
    }
}
