using Bibind.Contracts;

namespace Bibind.ControlPlane.Tenants;

/// <summary>One customer's instance of an offer.</summary>
public sealed record Tenant
{
    public long Id { get; init; }
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;
    /// <summary>The customer to whom it belongs, by <see cref="CustomerCodes"/>; null if only operators reach it.</summary>
    public string? Customer { get; init; }
    public string? CustomerName { get; init; }
    public string? CustomerEmail { get; init; }
    public string Offer { get; init; } = string.Empty;

    /// <summary>The version of the offer that it was sold.</summary>
    public int OfferVersion { get; init; }

    /// <summary>The offer's application, one of <see cref="Applications"/>.</summary>
    public string Application { get; init; } = Applications.Odoo;
    public string Plan { get; init; } = string.Empty;

    /// <summary>The version of the plan that it was sold: what it may use and how it is backed up stands there.</summary>
    public int PlanVersion { get; init; }
    public string TemplateCode { get; init; } = string.Empty;
    public string TemplateDatabase { get; init; } = string.Empty;

    /// <summary>Content hash of the template when the place was reserved.</summary>
    public string? TemplateVersion { get; init; }

    /// <summary>Number of that version.</summary>
    public int TemplateNumber { get; init; } = 1;

    /// <summary>The release that it was upgraded to last; null if it has what its template had.</summary>
    public string? Release { get; init; }
    public long ServerId { get; init; }
    public string ServerCode { get; init; } = string.Empty;
    public string Database { get; init; } = string.Empty;

    /// <summary>The role that its database is entered with; null if it shares the application's.</summary>
    public string? DatabaseRole { get; init; }
    public string Host { get; init; } = string.Empty;
    public string BaseUrl { get; init; } = string.Empty;
    public string Bucket { get; init; } = string.Empty;
    public string Language { get; init; } = string.Empty;
    public string TimeZone { get; init; } = string.Empty;
    public string? DateFormat { get; init; }
    public string Currency { get; init; } = string.Empty;
    public string? Country { get; init; }
    public string? Vat { get; init; }
    public string? CallbackUrl { get; init; }

    /// <summary>One of <see cref="TenantStates"/>.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>Why it failed or could not be removed, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Why somebody suspended it, one of <see cref="SuspensionCauses"/>; null if nobody did.</summary>
    public string? SuspensionCause { get; init; }

    /// <summary>True if it is suspended because somebody wants it so, not because a job has failed.</summary>
    public bool IsSuspendedOnPurpose => State == TenantStates.Suspended && SuspensionCause is not null;

    /// <summary>The same in the words of who ordered it.</summary>
    public string? SuspensionReason { get; init; }
    public DateTimeOffset? SuspensionOrderedAt { get; init; }

    /// <summary>Since when it is closed; null while it is being closed.</summary>
    public DateTimeOffset? SuspendedAt { get; init; }

    /// <summary>Why the last attempt at opening it did not succeed.</summary>
    public string? SuspensionFailure { get; init; }

    /// <summary>The tenant that it is a staging copy of; null for every other.</summary>
    public long? StagingOfId { get; init; }

    /// <summary>The code of that tenant.</summary>
    public string? StagingOf { get; init; }

    /// <summary>When a staging copy is removed by itself; null once it has ended, and for every other tenant.</summary>
    public DateTimeOffset? StagingExpiresAt { get; init; }

    /// <summary>True if the proof of its last undo or destroy shows something that is still there.</summary>
    public bool Leftovers { get; init; }

    /// <summary>Internal users, when last counted.</summary>
    public int? Users { get; init; }
    public long? DatabaseBytes { get; init; }

    /// <summary>File store and bucket together, when last measured.</summary>
    public long? StorageBytes { get; init; }

    /// <summary>When what it uses was measured last.</summary>
    public DateTimeOffset? UsageMeasuredAt { get; init; }

    /// <summary>Why something of it could not be measured at the last try; null if all was.</summary>
    public string? UsageReason { get; init; }

    /// <summary>Internal users that it may have; null: as many as its plan says.</summary>
    public int? MaxUsers { get; init; }

    /// <summary>Bytes that it may store, database and files together; null: as many as its plan says.</summary>
    public long? MaxStorageBytes { get; init; }

    /// <summary>JSON text of the <see cref="Contracts.MaintenanceWindow"/> in which it may be closed without being asked; null: at any time.</summary>
    public string? MaintenanceWindow { get; init; }

    /// <summary>Counts the changes of name, customer, limits and maintenance window.</summary>
    public int Version { get; init; } = 1;
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>When it failed or was terminated.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When it may be closed without being asked; null: at any time.</summary>
    public MaintenanceWindow? ReadMaintenanceWindow() => Contracts.MaintenanceWindow.FromJson(MaintenanceWindow);

    /// <summary>An order for a tenant like this one, as it was sold, with its own limits; where it is to tell of its end is left open.</summary>
    public TenantOrder ToOrder(string code, string name, string requestedBy) => new()
    {
        Code = code,
        Name = name,
        Customer = Customer,
        CustomerName = CustomerName,
        CustomerEmail = CustomerEmail,
        Offer = Offer,
        SoldOfferVersion = OfferVersion,
        Plan = Plan,
        SoldPlanVersion = PlanVersion,
        Template = TemplateCode,
        Locale = ToPlace(string.Empty).Locale,
        MaxUsers = MaxUsers,
        MaxStorageBytes = MaxStorageBytes,
        RequestedBy = requestedBy,
    };

    /// <summary>Where it lives, as the steps of one of its jobs see it.</summary>
    public TenantDescriptor ToPlace(string jobId) => new()
    {
        TenantId = Id,
        JobId = jobId,
        Code = Code,
        Name = Name,
        CustomerName = CustomerName,
        CustomerEmail = CustomerEmail,
        Offer = Offer,
        Application = Application,
        Plan = Plan,
        ServerId = ServerId,
        ServerCode = ServerCode,
        Database = Database,
        TemplateCode = TemplateCode,
        TemplateDatabase = TemplateDatabase,
        TemplateVersion = TemplateVersion,
        Host = Host,
        BaseUrl = BaseUrl,
        Bucket = Bucket,
        Locale = new TenantLocale
        {
            Language = Language,
            TimeZone = TimeZone,
            DateFormat = DateFormat,
            Currency = Currency,
            Country = Country,
            Vat = Vat,
        },
        DatabaseRole = DatabaseRole,
        CallbackUrl = CallbackUrl,
        StagingOf = StagingOfId,
    };
}

/// <summary>The states of a tenant.</summary>
public static class TenantStates
{
    public const string Provisioning = "provisioning";
    public const string Active = "active";
    public const string Suspended = "suspended";
    public const string Terminating = "terminating";
    public const string Terminated = "terminated";
    public const string Failed = "failed";
    public const string Upgrading = "upgrading";
    public const string Restoring = "restoring";
    public const string Moving = "moving";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Provisioning, Active, Suspended, Terminating, Terminated, Failed, Upgrading, Restoring, Moving];

    /// <summary>
    /// SQL over the alias <c>t</c>: the tenant holds its code, host, database and place. Word for word the condition
    /// of the unique indexes, so that they serve it.
    /// </summary>
    internal const string IsLive = "t.state not in ('failed', 'terminated')";
}

/// <summary>Which tenants are wanted; null means any.</summary>
public sealed record TenantFilter
{
    /// <summary>One of <see cref="TenantStates"/>.</summary>
    public string? State { get; init; }
    public string? Code { get; init; }
    public string? ServerCode { get; init; }

    /// <summary>Of this customer.</summary>
    public string? Customer { get; init; }

    /// <summary>Only staging copies of the tenants with this code.</summary>
    public string? StagingOf { get; init; }

    /// <summary>Of tenants that lack something: one of <see cref="PendingKinds"/>, or <see cref="AnyPending"/>.</summary>
    public string? Pending { get; init; }

    /// <summary>Whatever they lack.</summary>
    public const string AnyPending = "any";
}
