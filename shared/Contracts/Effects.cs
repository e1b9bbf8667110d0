using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>Policies shared by effects on the same kind of server.</summary>
internal static class Policies
{
    /// <summary>
    /// An act: tried for five minutes, so that a server that is away for some does not fail an order, and looked at again within a
    /// quarter of a minute after it is back. What cannot succeed is not tried again at all.
    /// </summary>
    internal static readonly RetryPolicy Act = new(25, TimeSpan.FromMilliseconds(500), 2, TimeSpan.FromSeconds(15));

    /// <summary>An act that can be put off: somebody waits, and it comes again by itself.</summary>
    internal static readonly RetryPolicy Brief = new(3, TimeSpan.FromMilliseconds(300), 3, TimeSpan.FromSeconds(1));

    /// <summary>A step of a timer, which comes again by itself.</summary>
    internal static readonly RetryPolicy Round = new(3, TimeSpan.FromSeconds(1), 4, TimeSpan.FromSeconds(30));

    /// <summary>An undo: tried for about half an hour before it is reported as a leftover.</summary>
    internal static readonly RetryPolicy Undo = new(30, TimeSpan.FromMilliseconds(500), 2, TimeSpan.FromMinutes(1));
}

/// <summary>What a clone did.</summary>
/// <param name="Bytes">Size of the new database.</param>
/// <param name="AlreadyThere">True if an earlier attempt had finished it.</param>
public sealed record CloneResult(long Bytes, bool AlreadyThere);

/// <summary>The tenant's database.</summary>
public static class Database
{
    public static readonly ActivityDefinition<TenantPlace, CloneResult> Clone = new("database.clone", Policies.Act);
    public static readonly ActivityDefinition<TenantPlace, Nothing> Drop = new("database.drop", Policies.Undo);
}

/// <summary>What a copy of a template's file store did.</summary>
/// <param name="Files">How many files the new store has.</param>
/// <param name="Bytes">Their size together.</param>
/// <param name="AlreadyThere">True if an earlier attempt had finished it.</param>
public sealed record FileStoreCopied(long Files, long Bytes, bool AlreadyThere);

/// <summary>The files that go with the tenant's database, where the installation keeps such (<see cref="TenantPlace.HasFileStore"/>).</summary>
public static class FileStore
{
    public static readonly ActivityDefinition<TenantPlace, FileStoreCopied> Copy = new("filestore.copy", Policies.Act);
    public static readonly ActivityDefinition<TenantPlace, Nothing> Remove = new("filestore.remove", Policies.Undo);
}

/// <summary>The tenant's passwords: made at random, kept as secrets.</summary>
public static class Credentials
{
    public static readonly ActivityDefinition<TenantPlace, Nothing> Prepare = new("credentials.prepare", Policies.Act);
    public static readonly ActivityDefinition<TenantPlace, Nothing> Forget = new("credentials.forget", Policies.Undo);
}

/// <summary>The tenant's DNS record.</summary>
public static class Dns
{
    public static readonly ActivityDefinition<TenantPlace, Nothing> CreateRecord = new("dns.create_record", Policies.Act);
    public static readonly ActivityDefinition<TenantPlace, Nothing> DeleteRecord = new("dns.delete_record", Policies.Undo);
}

/// <summary>The tenant's TLS certificate.</summary>
public static class Certificates
{
    public static readonly ActivityDefinition<TenantPlace, Nothing> Issue = new("certificates.issue", Policies.Act);
    public static readonly ActivityDefinition<TenantPlace, Nothing> Revoke = new("certificates.revoke", Policies.Undo);

    /// <summary>Renews a certificate if its time has come; a renewal that fails is an outcome, to be tried again at its <c>LookAt</c>.</summary>
    public static readonly ActivityDefinition<CertificateToRenew, RenewalOutcome> Renew = new("certificates.renew", Policies.Act);

    /// <summary>Names of certificates to look at now, the most urgent first.</summary>
    public static readonly ActivityDefinition<Nothing, DueCertificates> FindDue = new("certificates.find_due", Policies.Act);

    /// <summary>The tenants, at the host names, that a certificate is presented for.</summary>
    public static readonly ActivityDefinition<CertificateToRenew, ServedPlaces> FindServed = new("certificates.find_served", Policies.Act);
}

/// <summary>Certificates to look at now.</summary>
/// <param name="Names">As the register has them.</param>
/// <param name="MayBeMore">True if the list was cut.</param>
public sealed record DueCertificates(IReadOnlyList<string> Names, bool MayBeMore);

/// <summary>Where a certificate is presented.</summary>
public sealed record ServedPlaces(IReadOnlyList<TenantPlace> Places);

/// <summary>One round of the renewal timer.</summary>
public sealed record RenewalRound
{
    /// <summary>Certificates that were renewed and that a proxy was not given yet.</summary>
    public IReadOnlyList<string> Unpublished { get; init; } = [];
}

/// <summary>A certificate that may have to be renewed.</summary>
/// <param name="Name">As the register of certificates has it.</param>
public sealed record CertificateToRenew(string Name);

/// <summary>What became of a renewal.</summary>
/// <param name="Renewed">True if there is a new certificate, which the proxy has to be given.</param>
/// <param name="LookAt">When to look again; null if there is no such certificate any more.</param>
/// <param name="TenantId">Whose it is; null for the platform's own.</param>
/// <param name="Note">Why it failed, in words.</param>
public sealed record RenewalOutcome(bool Renewed, DateTimeOffset? LookAt, long? TenantId = null, string? Note = null);

/// <summary>The tenant's bucket.</summary>
public static class Storage
{
    public static readonly ActivityDefinition<TenantPlace, Nothing> CreateBucket = new("storage.create_bucket", Policies.Act);
    public static readonly ActivityDefinition<TenantPlace, Nothing> DeleteBucket = new("storage.delete_bucket", Policies.Undo);

    /// <summary>Gives every tenant's bucket the quota of its plan; how many had another.</summary>
    public static readonly ActivityDefinition<Nothing, int> FollowQuotas = new("storage.follow_quotas", Policies.Round);
}

/// <summary>The tenant's route at the reverse proxy.</summary>
public static class Routing
{
    public static readonly ActivityDefinition<TenantPlace, Nothing> Publish = new("routing.publish", Policies.Act);

    /// <summary>Shows a page with status 503 until the route is published again.</summary>
    public static readonly ActivityDefinition<TenantPlace, Nothing> Suspend = new("routing.suspend", Policies.Act);
    public static readonly ActivityDefinition<TenantPlace, Nothing> Withdraw = new("routing.withdraw", Policies.Undo);

    /// <summary>Publishes the routes of active and suspended tenants that the proxy has lost; answers how many.</summary>
    public static readonly ActivityDefinition<Nothing, int> Repair = new("routing.repair", Policies.Round);
}

/// <summary>A step that may be put off without failing the order.</summary>
/// <param name="Done">True if it is done.</param>
/// <param name="Note">Why not, or what remains, in words.</param>
public sealed record StepOutcome(bool Done, string? Note = null);

/// <summary>The application inside the tenant's database.</summary>
public static class Application
{
    /// <summary>Gives the clone its own identity by SQL, before the application can see the database.</summary>
    public static readonly ActivityDefinition<TenantPlace, Nothing> Configure = new("application.configure", Policies.Act);

    /// <summary>Gives a restored copy of another tenant's database its own identity by SQL, before the application can see it.</summary>
    public static readonly ActivityDefinition<TenantPlace, Nothing> Adopt = new("application.adopt", Policies.Act);

    /// <summary>Lets the application see the database: hands over the ownership that was held back.</summary>
    public static readonly ActivityDefinition<TenantPlace, Nothing> HandOver = new("application.hand_over", Policies.Act);

    /// <summary>Makes the standard user by RPC when the application server answers.</summary>
    public static readonly ActivityDefinition<TenantPlace, StepOutcome> CreateStandardUser = new("application.create_standard_user", Policies.Brief);
    public static readonly ActivityDefinition<TenantPlace, StepOutcome> SmokeTest = new("application.smoke_test", Policies.Brief);

    /// <summary>Tells the application its public address, <c>BaseUrl</c>, for the links that it writes.</summary>
    public static readonly ActivityDefinition<TenantPlace, Nothing> SetAddress = new("application.set_address", Policies.Act);

    /// <summary>The same as an undo.</summary>
    public static readonly ActivityDefinition<TenantPlace, Nothing> ResetAddress = new("application.reset_address", Policies.Undo);
}

/// <summary>A backup to take.</summary>
/// <param name="Place">The tenant.</param>
/// <param name="Kind"><c>first</c>, <c>final</c>, <c>manual</c> or <c>scheduled</c>.</param>
public sealed record BackupRequest(TenantPlace Place, string Kind);

/// <summary>A stored, restorable copy.</summary>
/// <param name="Key">The key of the dump in the object store.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Lower-case hex of its SHA-256.</param>
public sealed record BackupTaken(string Key, long Bytes, string Sha256)
{
    /// <summary>What of the tenant does not come back with it, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>One backup of one tenant.</summary>
/// <param name="TenantId">The tenant that it was taken of.</param>
/// <param name="BackupId">Its id in the list of backups.</param>
public sealed record BackupRef(long TenantId, string BackupId);

/// <summary>A backup to bring back.</summary>
/// <param name="Place">The tenant that gets it: the one it was taken of, or a new one.</param>
/// <param name="Backup">The backup.</param>
/// <param name="Replace">True puts it in the place of the tenant's database; false is for a tenant that has none yet.</param>
public sealed record RestoreRequest(TenantPlace Place, BackupRef Backup, bool Replace);

/// <summary>A database that was brought back; like a clone, it is held back until it is handed over.</summary>
/// <param name="Database">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Tables">How many tables it has.</param>
/// <param name="Note">What did not come back with it, in words.</param>
public sealed record RestoredDatabase(string Database, long Bytes, int Tables, string? Note = null);

/// <summary>A backup to try out.</summary>
/// <param name="Place">A tenant on the server that the trial runs on; its own database is not touched.</param>
/// <param name="Backup">The backup.</param>
public sealed record VerifyRequest(TenantPlace Place, BackupRef Backup);

/// <summary>Proof that a backup was restored, and what was in it.</summary>
public sealed record BackupReceipt
{
    public required string BackupId { get; init; }
    public required DateTimeOffset VerifiedAt { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the object as it is stored.</summary>
    public required string StoredSha256 { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the dump.</summary>
    public required string DumpSha256 { get; init; }
    public required long DumpBytes { get; init; }

    /// <summary>Tables of all schemas but PostgreSQL's own.</summary>
    public required int Tables { get; init; }

    /// <summary>Rows of the core tables, by table.</summary>
    public required IReadOnlyDictionary<string, long> Rows { get; init; }

    /// <summary>Major version of the server that it was restored on.</summary>
    public required int PostgresMajor { get; init; }

    /// <summary>What did not come back, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What was in its file store; null if the backup has none.</summary>
    public FileStoreReceipt? FileStore { get; init; }
}

/// <summary>Proof that the files of a backup were read, and whether they are those that its database names.</summary>
public sealed record FileStoreReceipt
{
    /// <summary>Lower-case hex of the SHA-256 of the object as it is stored.</summary>
    public required string StoredSha256 { get; init; }
    public required long Files { get; init; }

    /// <summary>Size of the files together.</summary>
    public required long Bytes { get; init; }

    /// <summary>Files whose content was not what their name says when the backup was taken; they are in it as they were.</summary>
    public required long Damaged { get; init; }

    /// <summary>Files that the database names (<c>ir_attachment.store_fname</c>) and that are not in the backup.</summary>
    public required long Missing { get; init; }

    /// <summary>The first few of them.</summary>
    public IReadOnlyList<string> MissingNames { get; init; } = [];
}

/// <summary>Backups of a tenant.</summary>
public static class Backup
{
    public static readonly ActivityDefinition<BackupRequest, BackupTaken> Take = new("backup.take", Policies.Act);

    /// <summary>Says whether a backup can take the place of its tenant's database, before anything is changed: a refusal is a failure.</summary>
    public static readonly ActivityDefinition<RestoreRequest, Nothing> CheckRestore = new("backup.check_restore", Policies.Act);

    /// <summary>Restores into a database beside the tenant's, which gets the name only when it is complete.</summary>
    public static readonly ActivityDefinition<RestoreRequest, RestoredDatabase> Restore = new("backup.restore", Policies.Act);

    /// <summary>Restores into a database that is dropped again, and says what was in it.</summary>
    public static readonly ActivityDefinition<VerifyRequest, BackupReceipt> Verify = new("backup.verify", Policies.Act);

    /// <summary>Drops the databases that trials of ours left when they died; answers how many.</summary>
    public static readonly ActivityDefinition<Nothing, int> SweepTrials = new("backup.sweep_trials", Policies.Round);

    /// <summary>Deletes one backup, objects and row.</summary>
    public static readonly ActivityDefinition<BackupRef, Nothing> DeleteOne = new("backup.delete_one", Policies.Undo);

    /// <summary>Deletes every backup of the tenant, objects and rows, and the key that they were encrypted with.</summary>
    public static readonly ActivityDefinition<TenantPlace, Nothing> DeleteAll = new("backup.delete_all", Policies.Undo);
}

/// <summary>What the caller is told about the end of its job.</summary>
public sealed record CallerNotice
{
    public required string CallbackUrl { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary><c>active</c>, <c>failed</c> or <c>terminated</c>.</summary>
    public required string State { get; init; }
    public string? BaseUrl { get; init; }
    public string? Reason { get; init; }
}

/// <summary>The one who ordered.</summary>
public static class Caller
{
    /// <summary>POSTs the notice to the callback URL; a caller that cannot be reached does not fail the job.</summary>
    public static readonly ActivityDefinition<CallerNotice, StepOutcome> Notify =
        new("caller.notify", new RetryPolicy(5, TimeSpan.FromSeconds(1), 4, TimeSpan.FromMinutes(2)));
}
