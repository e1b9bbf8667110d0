using Bibind.Activities.Credentials;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Tenants;

namespace Bibind.Functions.Http;

/// <summary>A tenant as people see it.</summary>
public sealed record TenantView
{
    public required string Code { get; init; }
    public required string Name { get; init; }

    /// <summary>The customer to whom it belongs; null if only operators reach it.</summary>
    public string? Customer { get; init; }
    public string? CustomerName { get; init; }
    public string? CustomerEmail { get; init; }
    public required string Offer { get; init; }

    /// <summary>The version of the offer that it was sold.</summary>
    public required int OfferVersion { get; init; }
    public required string Plan { get; init; }

    /// <summary>The version of the plan that it was sold: what it may use is read there, whatever the plan says now.</summary>
    public required int PlanVersion { get; init; }
    public required string Template { get; init; }

    /// <summary>Content hash of the template that it was cloned from.</summary>
    public string? TemplateVersion { get; init; }

    /// <summary>Number of that version.</summary>
    public required int TemplateNumber { get; init; }

    /// <summary>The release that it was upgraded to last; null if it has what its template had.</summary>
    public string? Release { get; init; }
    public required string Server { get; init; }
    public required string Database { get; init; }
    public required string Host { get; init; }
    public required string BaseUrl { get; init; }
    public required string Bucket { get; init; }
    public required TenantLocale Locale { get; init; }
    public required string State { get; init; }

    /// <summary>Why it failed, could not be removed, or could not be opened again, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Why and since when it is suspended, where somebody ordered that.</summary>
    public SuspensionView? Suspension { get; init; }

    /// <summary>The code of the tenant that it is a staging copy of; null for every other.</summary>
    public string? StagingOf { get; init; }

    /// <summary>When a staging copy is removed by itself.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>True if something was left over, as its last job's inventory shows.</summary>
    public required bool Leftovers { get; init; }

    /// <summary>What it still lacks, and what is done later by itself.</summary>
    public required IReadOnlyList<PendingItemView> PendingItems { get; init; }

    /// <summary>Internal users, when last counted.</summary>
    public int? Users { get; init; }
    public long? DatabaseBytes { get; init; }

    /// <summary>File store and bucket together, when last measured.</summary>
    public long? StorageBytes { get; init; }

    /// <summary>When what it uses was measured last; its history is at <c>/usage</c>.</summary>
    public DateTimeOffset? UsageMeasuredAt { get; init; }

    /// <summary>Why something of it could not be measured at the last try; what could not has its last value.</summary>
    public string? UsageReason { get; init; }

    /// <summary>Internal users that it may have; null: as many as its plan says.</summary>
    public int? MaxUsers { get; init; }

    /// <summary>Bytes that it may store, database and files together; null: as many as its plan says.</summary>
    public long? MaxStorageBytes { get; init; }

    /// <summary>When it may be closed without being asked; null: at any time.</summary>
    public TimeWindow? MaintenanceWindow { get; init; }
    public required string RequestedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>From a row and what is pending.</summary>
    public static TenantView Of(Tenant tenant, IEnumerable<PendingItem> pending)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(pending);
        return new TenantView
        {
            Code = tenant.Code,
            Name = tenant.Name,
            Customer = tenant.Customer,
            CustomerName = tenant.CustomerName,
            CustomerEmail = tenant.CustomerEmail,
            Offer = tenant.Offer,
            OfferVersion = tenant.OfferVersion,
            Plan = tenant.Plan,
            PlanVersion = tenant.PlanVersion,
            Template = tenant.TemplateCode,
            TemplateVersion = tenant.TemplateVersion,
            TemplateNumber = tenant.TemplateNumber,
            Release = tenant.Release,
            Server = tenant.ServerCode,
            Database = tenant.Database,
            Host = tenant.Host,
            BaseUrl = tenant.BaseUrl,
            Bucket = tenant.Bucket,
            Locale = tenant.ToPlace(string.Empty).Locale,
            State = tenant.State,
            Reason = (tenant.Reason ?? tenant.SuspensionFailure) is { } reason ? JobSteps.Cut(reason) : null,
            Suspension = tenant is { SuspensionCause: { } cause, SuspensionOrderedAt: { } orderedAt }
                ? new SuspensionView(cause, tenant.SuspensionReason ?? string.Empty, orderedAt, tenant.SuspendedAt)
                : null,
            StagingOf = tenant.StagingOf,
            ExpiresAt = tenant.StagingExpiresAt,
            Leftovers = tenant.Leftovers,
            PendingItems = [.. pending.Select(PendingItemView.Of)],
            Users = tenant.Users,
            DatabaseBytes = tenant.DatabaseBytes,
            StorageBytes = tenant.StorageBytes,
            UsageMeasuredAt = tenant.UsageMeasuredAt,
            UsageReason = tenant.UsageReason,
            MaxUsers = tenant.MaxUsers,
            MaxStorageBytes = tenant.MaxStorageBytes,
            MaintenanceWindow = TimeWindow.Of(tenant.ReadMaintenanceWindow()),
            RequestedBy = tenant.RequestedBy,
            CreatedAt = tenant.CreatedAt,
            ActivatedAt = tenant.ActivatedAt,
            EndedAt = tenant.EndedAt,
        };
    }
}

/// <summary>An ordered suspension.</summary>
/// <param name="Cause"><c>payment</c>, <c>operator</c>, or <c>quota</c>: it uses more than it may.</param>
/// <param name="Reason">In the words of who ordered it.</param>
/// <param name="OrderedAt">When, UTC.</param>
/// <param name="Since">Since when everything is closed; null while it is being closed.</param>
public sealed record SuspensionView(string Cause, string Reason, DateTimeOffset OrderedAt, DateTimeOffset? Since);

/// <summary>A login and its password.</summary>
public sealed record Credential(string Login, string Password)
{
    /// <summary>Leaves the password out.</summary>
    public override string ToString() => Login;
}

/// <summary>A tenant's own keys at the object store, for its bucket and nothing else.</summary>
public sealed record StorageCredential(string Bucket, string AccessKey, string SecretKey)
{
    /// <summary>Leaves the secret out.</summary>
    public override string ToString() => AccessKey;
}

/// <summary>A tenant's passwords, shown once.</summary>
/// <param name="Url">Where they are used.</param>
/// <param name="Administrator">The administrator.</param>
/// <param name="User">The standard user.</param>
/// <param name="Storage">Its keys at the object store, where tenants have their own.</param>
/// <param name="Pending">What does not exist yet, such as <c>standard-user</c>: ask again when the tenant lacks it no longer.</param>
public sealed record TenantCredentials(
    string Url, Credential? Administrator, Credential? User, StorageCredential? Storage, IReadOnlyList<string> Pending)
{
    private static readonly string AdministratorName = NameOf(TenantSecrets.Administrator);
    private static readonly string UserName = NameOf(TenantSecrets.User);
    private static readonly string StorageName = NameOf(TenantSecrets.Storage);

    /// <summary>The secrets that may be shown; others of the tenant are for machines.</summary>
    private static IReadOnlyCollection<string> Names { get; } = [AdministratorName, UserName, StorageName];

    /// <summary>Those of what exists: nobody gets the password of a user who is still to be made.</summary>
    internal static IReadOnlyCollection<string> NamesBeside(IReadOnlyCollection<string> pending) =>
        pending.Contains(PendingKinds.StandardUser) ? [.. Names.Where(n => n != UserName)] : Names;

    internal static TenantCredentials Of(Tenant tenant, IReadOnlyDictionary<string, string> passwords, IReadOnlyList<string> pending) => new(
        tenant.BaseUrl,
        passwords.TryGetValue(AdministratorName, out var administrator) ? new Credential(TenantSecrets.AdministratorLogin, administrator) : null,
        passwords.TryGetValue(UserName, out var user) ? new Credential(TenantSecrets.UserLogin(tenant.ToPlace(string.Empty)), user) : null,
        passwords.TryGetValue(StorageName, out var storage) && StorageKeys.Parse(storage) is var keys
            ? new StorageCredential(tenant.Bucket, keys.AccessKey, keys.SecretKey)
            : null,
        pending);

    private static string NameOf(Func<long, string> secret) => secret(0)[TenantSecrets.Prefix(0).Length..];
}
