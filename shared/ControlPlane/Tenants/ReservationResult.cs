using Bibind.Contracts;

namespace Bibind.ControlPlane.Tenants;

/// <summary>What became of an order.</summary>
public abstract record ReservationResult;

/// <summary>
/// The tenant's code, host, database and place are held, and its job is open; the orchestration <paramref name="JobId"/>
/// is the caller's to start in the same transaction.
/// </summary>
public sealed record Reservation(long TenantId, string JobId, TenantDescriptor Place) : ReservationResult
{
    /// <summary>The input of the orchestration.</summary>
    public ProvisionTenantOrder Order => new() { TenantId = TenantId, JobId = JobId, Code = Place.Code };
}

/// <summary>The order cannot be met; nothing was written.</summary>
/// <param name="Field">The field of the order that is in the way.</param>
/// <param name="Message">Why, and what would help.</param>
public sealed record ReservationRefused(ReservationRefusalKind Kind, string Field, string Message) : ReservationResult;

/// <summary>Why an order was refused.</summary>
public enum ReservationRefusalKind
{
    /// <summary>There is no such offer.</summary>
    UnknownOffer,

    /// <summary>The offer takes no new orders.</summary>
    OfferClosed,

    /// <summary>There is no such plan.</summary>
    UnknownPlan,

    /// <summary>The plan takes no new orders.</summary>
    PlanClosed,

    /// <summary>More is wanted than the plan allows.</summary>
    LimitAbovePlan,

    /// <summary>No server and no catalogue has such a template.</summary>
    UnknownTemplate,

    /// <summary>The offer's application cannot be provided.</summary>
    ApplicationNotProvided,

    /// <summary>The template does not offer the language, currency or country.</summary>
    LocaleNotOffered,

    /// <summary>A live tenant has the code.</summary>
    CodeTaken,

    /// <summary>A live tenant has the host.</summary>
    HostTaken,

    /// <summary>On every server with room, the database name belongs to something else.</summary>
    DatabaseTaken,

    /// <summary>The offer's pattern makes a name that PostgreSQL would not keep.</summary>
    DatabaseNameInvalid,

    /// <summary>No server is active and healthy.</summary>
    NoActiveServer,

    /// <summary>No server in service is in the region, or has the labels.</summary>
    NoSuitableServer,

    /// <summary>No active server has the template ready.</summary>
    TemplateNotReady,

    /// <summary>Every server that could take the tenant is full.</summary>
    NoCapacity,
}
