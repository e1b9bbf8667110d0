using static Bibind.Functions.Settings.Catalogue.Declare;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Objects, files and backups.</summary>
internal static class StorageSections
{
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new(
            "Objects", "Where tenants' objects and backups are kept; see [storage, routing and backups](storage-routing-backups.md).",
            Choice("Storage:Provider", "local", ["local", "s3"], "`local` (a folder) or `s3` (any server that speaks S3)."),
            Text("Storage:Local:Folder", "The folder of the embedded object store; made when it is first needed.", "data/objects"),
            Number("Storage:Local:CapacityBytes", null, 1, long.MaxValue, "How many bytes all objects together may have.") with
            {
                DefaultInWords = "the disk's size", Example = "100000000000",
            },
            Address("Storage:S3:Endpoint", "The server, without a path.", example: "https://s3.example.com") with { DefaultInWords = "AWS itself" },
            Address("Storage:S3:PublicEndpoint", "Where download links lead, if people reach the server by another address than we do.", example: "https://files.example.com") with
            {
                DefaultInWords = "`Storage__S3__Endpoint`",
            },
            Text("Storage:S3:Region", "The region that requests are signed for; servers other than AWS mostly take any.", "us-east-1"),
            Secret("Storage:S3:AccessKey", "Access key; without one the machine's own role is used, which only AWS gives."),
            Secret("Storage:S3:SecretKey", "Secret key."),
            Flag("Storage:S3:ForcePathStyle", true, "True puts the bucket into the path instead of the host name; AWS takes both, others mostly only this."),
            Flag("Storage:S3:Versioning", true, "True asks for versioning of new buckets; what was overwritten is then kept for 30 days."),
            Choice(
                "Storage:S3:TenantUsers", "none", ["none", "rgw"],
                "`rgw` gives every tenant a user of its own at Ceph's object gateway, with a quota; the account of `AccessKey` needs the capabilities `users=*;buckets=*`.")),
        new(
            "The application's files", "",
            Choice("FileStore:Provider", "none", ["none", "folder"], "`none` (databases are cloned, backed up and removed without files) or `folder`."),
            Text("FileStore:Folder", "Odoo's `<data_dir>/filestore` as this machine sees it, with `{server}` for the server's code where there are several servers.", example: "/var/lib/odoo/filestore")),
        new(
            "Backups", "",
            Flag("Backups:Enabled", true, "False where nothing can be dumped: no backup is then taken, and the log says so."),
            Text("Backups:PgDump", "Path of `pg_dump`, at least as new as the servers.", example: "/usr/lib/postgresql/15/bin/pg_dump") with
            {
                DefaultInWords = "the newest that is installed",
            },
            Text("Backups:PgRestore", "Path of `pg_restore`.", example: "/usr/lib/postgresql/15/bin/pg_restore") with { DefaultInWords = "the newest that is installed" },
            Text("Backups:Bucket", "The bucket that all backups lie in.", "bibind-backups"),
            Flag("Backups:Nightly", true, "False leaves the plans' schedules to somebody else: no backup is taken by itself, and none is deleted by age."),
            Duration("Backups:NightlyAt", "02:00:00", "00:00:00", "23:59:59", "When the night's first backups start, UTC; the others follow within an hour."),
            Duration("Backups:KeepFormerState", "7.00:00:00", "00:00:00", "365.00:00:00", "How long the backup of what a tenant was before a restore or a change of modules is kept, whatever its plan says, unless it is confirmed before."),
            Duration("Backups:MissingAfter", "06:00:00", "00:00:00", "30.00:00:00", "How much later than its plan's schedule says a backup may come before operators are told that it is missing; 0 and nobody looks."),
            Duration("Backups:TrialInterval", "30.00:00:00", "00:00:00", "366.00:00:00", "How often each tenant's newest backup is tried out by itself, spread over that time; 0 and none is."),
            Number("Backups:TrialsAtOnce", 1, 1, 100, "Trials by schedule that run at once, on all machines together.")),
    ];
}
