using System.Globalization;

namespace Bibind.ControlPlane.Notices;

/// <summary>Something that somebody is to be told, once for each cause.</summary>
/// <param name="Kind">One of <see cref="NoticeKinds"/>.</param>
/// <param name="Cause">Tells one cause of the kind from another of the same tenant, such as <c>7-days 2026-12-01</c> or a job's id.</param>
public sealed record Notice(string Kind, string Cause)
{
    /// <summary>Whom it is about; null where it is about no tenant.</summary>
    public long? TenantId { get; init; }

    /// <summary>Whom it is about where it is about no tenant: a customer's code; null: the installation.</summary>
    public string? Customer { get; init; }

    /// <summary>Whom it is about where that is somebody who registered.</summary>
    public long? Registration { get; init; }

    /// <summary>What templates and receivers get besides the tenant's own; never a secret.</summary>
    public IReadOnlyDictionary<string, string> Data { get; init; } = new Dictionary<string, string>();

    /// <summary>A tenant works for the first time.</summary>
    public static Notice Welcome(long tenantId) => new(NoticeKinds.Welcome, "activated") { TenantId = tenantId };

    /// <summary>A trial ends in so many days; told once for each end and number of days.</summary>
    public static Notice TrialEnding(long tenantId, DateTimeOffset endsAt, int days) =>
        new(NoticeKinds.TrialEnding, $"{Day(endsAt)} {Number(days)}") { TenantId = tenantId, Data = DataOf(("ends", Day(endsAt)), ("days", Number(days))) };

    /// <summary>A subscription ends in so many days unless it is paid for.</summary>
    public static Notice SubscriptionExpiring(long tenantId, DateTimeOffset paidUntil, int days) =>
        new(NoticeKinds.SubscriptionExpiring, $"{Day(paidUntil)} {Number(days)}") { TenantId = tenantId, Data = DataOf(("ends", Day(paidUntil)), ("days", Number(days))) };

    /// <summary>A tenant was suspended; the reason is shown to the customer.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="jobId">The job that did it.</param>
    /// <param name="reason">Why, for the customer.</param>
    public static Notice Suspended(long tenantId, string jobId, string reason) =>
        new(NoticeKinds.Suspended, jobId) { TenantId = tenantId, Data = DataOf(("reason", reason)) };

    /// <summary>A tenant is open again.</summary>
    public static Notice Resumed(long tenantId, string jobId) => new(NoticeKinds.Resumed, jobId) { TenantId = tenantId };

    /// <summary>A tenant uses so much of what its plan has; close it by <see cref="INotices.CloseAsync"/> when it uses less again.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="resource">Such as <c>storage</c> or <c>users</c>.</param>
    /// <param name="percent">The threshold that was reached: 80 or 100.</param>
    /// <param name="used">What is used, in words.</param>
    /// <param name="limit">What the plan has, in words.</param>
    public static Notice QuotaReached(long tenantId, string resource, int percent, string used, string limit) =>
        new(NoticeKinds.QuotaReached, $"{resource} {Number(percent)}")
        {
            TenantId = tenantId,
            Data = DataOf(("resource", resource), ("percent", Number(percent)), ("used", used), ("limit", limit)),
        };

    /// <summary>A tenant uses more than it may and is suspended after its plan's grace; close it when it uses less again.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="resource">Such as <c>storage</c> or <c>users</c>.</param>
    /// <param name="used">What is used, in words.</param>
    /// <param name="limit">What the tenant may use, in words.</param>
    /// <param name="suspendedAt">When it is suspended unless it uses less.</param>
    public static Notice QuotaExceeded(long tenantId, string resource, string used, string limit, DateTimeOffset suspendedAt) =>
        new(NoticeKinds.QuotaReached, $"{resource} exceeded")
        {
            TenantId = tenantId,
            Data = DataOf(("resource", resource), ("percent", "100"), ("used", used), ("limit", limit), ("suspended", Day(suspendedAt))),
        };

    /// <summary>A tenant has no recent backup; close it when there is one.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="lastAt">When the last one was taken; null if there is none.</param>
    /// <param name="reason">Why, for operators.</param>
    public static Notice BackupMissing(long tenantId, DateTimeOffset? lastAt, string reason) =>
        new(NoticeKinds.BackupMissing, "missing") { TenantId = tenantId, Data = DataOf(("last", lastAt is { } at ? Day(at) : "never"), ("reason", reason)) };

    /// <summary>So many tenants have no recent backup that no more are told one by one; close it when they are fewer.</summary>
    public static Notice BackupsMissing(long tenants) =>
        new(NoticeKinds.BackupMissing, "many")
        {
            Data = DataOf(("tenants", Number(tenants)), ("last", "unknown"), ("reason", $"{Number(tenants)} tenants have no recent backup: look whether a worker runs.")),
        };

    /// <summary>A certificate cannot be renewed.</summary>
    public static Notice CertificateFailing(long? tenantId, string host, DateTimeOffset notAfter, int failures, string reason) =>
        new(NoticeKinds.CertificateFailing, host)
        {
            TenantId = tenantId,
            Data = DataOf(("host", host), ("ends", Day(notAfter)), ("failures", Number(failures)), ("reason", reason)),
        };

    /// <summary>A job has failed.</summary>
    public static Notice JobFailed(long? tenantId, string jobId, string kind, string? reason) =>
        new(NoticeKinds.JobFailed, jobId) { TenantId = tenantId, Data = DataOf(("job", jobId), ("jobKind", kind), ("reason", reason ?? "The job did not say why.")) };

    /// <summary>Billing's messages were passed on although some before them never came.</summary>
    public static Notice BillingGapPassed(long? tenantId, string tenant, long fromSequence, long toSequence) =>
        new(NoticeKinds.BillingGapPassed, $"{tenant} {Number(fromSequence)}-{Number(toSequence)}")
        {
            TenantId = tenantId,
            Data = DataOf(("billingTenant", tenant), ("from", Number(fromSequence)), ("to", Number(toSequence))),
        };

    /// <summary>A tenant is not as it is to be, and that is not repaired by itself; close it when it is gone.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="finding">The kind of the finding.</param>
    /// <param name="subject">Of what: a host name, a database, a bucket.</param>
    /// <param name="seen">What was seen, in words.</param>
    /// <param name="remedy">What a person does about it.</param>
    /// <param name="reason">Why it is not repaired.</param>
    public static Notice DriftFound(long tenantId, string finding, string subject, string seen, string remedy, string reason) =>
        new(NoticeKinds.DriftFound, $"{finding} {subject}")
        {
            TenantId = tenantId,
            Data = DataOf(("finding", finding), ("subject", subject), ("seen", seen), ("remedy", remedy), ("reason", reason)),
        };

    /// <summary>So many tenants are not as they are to be that no more is told of each, once an hour.</summary>
    public static Notice MuchDriftFound(DateTimeOffset at, int told) =>
        new(NoticeKinds.DriftFound, $"many {at.UtcDateTime.ToString("yyyy-MM-dd HH", CultureInfo.InvariantCulture)}")
        {
            Data = DataOf(
                ("finding", "many"), ("subject", "many tenants"), ("seen", $"More than {Number(told)} findings within an hour; of the others nothing is told one by one."),
                ("remedy", "Look for one cause: a server, the reverse proxy, the object store."), ("reason", "GET /api/reconciliation?state=open lists all and says so of each.")),
        };

    /// <summary>Something is wrong that is no tenant's own; close it when it is over.</summary>
    /// <param name="alert">The kind of the alert.</param>
    /// <param name="about">Of what: a server, a queue, the tenant that billing names.</param>
    /// <param name="severity"><c>warning</c> or <c>critical</c>.</param>
    /// <param name="reason">What is wrong, in words.</param>
    public static Notice AlertRaised(string alert, string about, string severity, string reason) =>
        new(NoticeKinds.AlertRaised, $"{alert} {about}")
        {
            Data = DataOf(("alert", alert), ("about", about), ("severity", severity), ("reason", reason)),
        };

    /// <summary>An operator asks to enter a tenant's application; the letter has a link, which no notice has.</summary>
    public static Notice SupportRequested(long tenantId, long access, string who, string reason, string level, int minutes, DateTimeOffset until) =>
        new(NoticeKinds.SupportRequested, Number(access))
        {
            TenantId = tenantId,
            Data = DataOf(
                ("access", Number(access)), ("tenantId", Number(tenantId)), ("operator", who), ("reason", reason), ("level", level), ("minutes", Number(minutes)), ("until", Minute(until))),
        };

    /// <summary>An operator can enter a tenant's application, by a plan that wants no consent.</summary>
    public static Notice SupportOpened(long tenantId, long access, string who, string reason, string level, DateTimeOffset from, DateTimeOffset to) =>
        new(NoticeKinds.SupportOpened, Number(access))
        {
            TenantId = tenantId,
            Data = DataOf(("access", Number(access)), ("operator", who), ("reason", reason), ("level", level), ("from", Minute(from)), ("to", Minute(to))),
        };

    /// <summary>An operator cannot enter a tenant's application any more.</summary>
    public static Notice SupportEnded(long tenantId, long access, string who, string reason, string level, DateTimeOffset from, DateTimeOffset to) =>
        new(NoticeKinds.SupportEnded, Number(access))
        {
            TenantId = tenantId,
            Data = DataOf(("access", Number(access)), ("operator", who), ("reason", reason), ("level", level), ("from", Minute(from)), ("to", Minute(to))),
        };

    internal string Subject => Registration is { } visitor ? $"registration:{Number(visitor)}" : TenantId is { } id ? $"tenant:{Number(id)}" : Customer is { } customer ? $"customer:{customer}" : "installation";

    private static string Minute(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<string, string> DataOf(params (string Name, string Value)[] values) => values.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal);
}
