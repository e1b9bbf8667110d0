namespace Bibind.ControlPlane.Reconciliation;

/// <summary>Who is asked: what cannot be asked now says nothing of what was seen there before.</summary>
public static class ReconciledParts
{
    public const string Billing = "billing";
    public const string Database = "database";
    public const string Route = "route";
    public const string Dns = "dns-record";
    public const string Certificate = "certificate";
    public const string Bucket = "bucket";
    public const string Backup = "backup";
}

/// <summary>A kind of difference between what is to be and what is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Part">Where it is seen, one of <see cref="ReconciledParts"/>.</param>
/// <param name="Remedy">What a person does about it.</param>
/// <param name="IsRepaired">True if it is repaired by itself: nothing is deleted, no data are restored, and a job or an order undoes it.</param>
public sealed record FindingKind(string Name, string Part, string Remedy, bool IsRepaired = false);

/// <summary>Every kind there is.</summary>
public static class FindingKinds
{
    public const string SuspendedServed = "suspended-served";
    public const string SuspendedDatabaseOpen = "suspended-database-open";
    public const string SuspendedDatabaseInUse = "suspended-database-in-use";
    public const string ActivePageShown = "active-page-shown";
    public const string DatabaseMissing = "database-missing";
    public const string DatabaseForeign = "database-foreign";
    public const string DatabaseOwner = "database-owner";
    public const string DatabaseShut = "database-shut";
    public const string RouteMissing = "route-missing";
    public const string RouteForeign = "route-foreign";
    public const string DnsMissing = "dns-record-missing";
    public const string CertificateMissing = "certificate-missing";
    public const string BucketMissing = "bucket-missing";
    public const string BucketForeign = "bucket-foreign";
    public const string BackupMissing = "backup-missing";
    public const string CancelledRunning = "cancelled-running";
    public const string UnpaidOpen = "unpaid-open";
    public const string PaidSuspended = "paid-suspended";
    public const string EndedDatabase = "ended-database";
    public const string EndedRoute = "ended-route";
    public const string EndedDns = "ended-dns-record";
    public const string EndedBucket = "ended-bucket";

    private const string ByHand = "Its tenant has ended: look at what it holds, then remove it by hand.";

    /// <summary>With what is done about each.</summary>
    public static IReadOnlyList<FindingKind> All { get; } =
    [
        new(SuspendedServed, ReconciledParts.Route, "Mend what the reason names at the reverse proxy; the page is shown again then.", IsRepaired: true),
        new(SuspendedDatabaseOpen, ReconciledParts.Database, "Find out who opened the database, and mend what the reason names; the next sweep shuts it.", IsRepaired: true),
        new(SuspendedDatabaseInUse, ReconciledParts.Database, "End the sessions as a superuser of PostgreSQL, and find out who connects.", IsRepaired: true),
        new(ActivePageShown, ReconciledParts.Route, "Mend what the reason names at the reverse proxy; the route is published again then.", IsRepaired: true),
        new(DatabaseMissing, ReconciledParts.Database, "Give a database that was renamed its name back; else restore the newest backup: POST /api/backups/{id}/restore."),
        new(DatabaseForeign, ReconciledParts.Database, "If it is the tenant's after all, adopt it: POST /api/tenants/{code}/database/adopt. Else rename it and restore the newest backup."),
        new(DatabaseOwner, ReconciledParts.Database, "If nobody meant it so: ALTER DATABASE … OWNER TO the role that is named, as the maintenance role."),
        new(DatabaseShut, ReconciledParts.Database, "If nobody meant it so: ALTER DATABASE … ALLOW_CONNECTIONS true IS_TEMPLATE false, as the maintenance role."),
        new(RouteMissing, ReconciledParts.Route, "Mend what the reason names at the reverse proxy; the route is published again then.", IsRepaired: true),
        new(RouteForeign, ReconciledParts.Route, "Remove the other route of this host name at the reverse proxy; ours is published then."),
        new(DnsMissing, ReconciledParts.Dns, "Mend what the reason names at the DNS provider; the record is created again then.", IsRepaired: true),
        new(CertificateMissing, ReconciledParts.Certificate, "Look at its renewal's last failure in the log; a domain of the customer's gets a new one when it is removed and added again."),
        new(BucketMissing, ReconciledParts.Bucket, "Find out who removed it and restore it from the object store's own copies; the tenant's files lie in it."),
        new(BucketForeign, ReconciledParts.Bucket, "Find out whose it is; the mark in it is not this tenant's."),
        new(BackupMissing, ReconciledParts.Backup, "Look why: GET /api/jobs?tenant={code}&state=failed. Then take one: POST /api/tenants/{code}/backups."),
        new(CancelledRunning, ReconciledParts.Billing, "Remove the tenant (DELETE /api/tenants/{code}), or open a new subscription for the customer."),
        new(UnpaidOpen, ReconciledParts.Billing, "Suspend the tenant (POST /api/tenants/{code}/suspend), or say until when it is paid: PATCH /api/tenants/{code}/subscription."),
        new(PaidSuspended, ReconciledParts.Billing, "Open the tenant: POST /api/tenants/{code}/resume."),
        new(EndedDatabase, ReconciledParts.Database, ByHand),
        new(EndedRoute, ReconciledParts.Route, ByHand),
        new(EndedDns, ReconciledParts.Dns, ByHand),
        new(EndedBucket, ReconciledParts.Bucket, ByHand),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(k => k.Name)];

    private static readonly Dictionary<string, FindingKind> ByName = All.ToDictionary(k => k.Name, StringComparer.Ordinal);

    /// <summary>The kind with this name; one that a newer version writes is listed without a remedy.</summary>
    public static FindingKind Of(string name) => ByName.GetValueOrDefault(name) ?? new FindingKind(name, string.Empty, "This version does not know this kind; look at what was seen.");
}
