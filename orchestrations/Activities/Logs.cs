using Microsoft.Extensions.Logging;

namespace Bibind.Activities;

/// <summary>What activities log; event ids 3000 to 3099 and 3200 to 3219. Never a password, a body or a caller's full address.</summary>
internal static partial class Logs
{
    [LoggerMessage(3000, LogLevel.Information, "Cloned database {Database} from {Template}: {Bytes} bytes")]
    public static partial void DatabaseCloned(this ILogger logger, string database, string template, long bytes);

    [LoggerMessage(3001, LogLevel.Warning, "Left database {Database} on server {Server} alone: it is not ours")]
    public static partial void ForeignDatabaseLeft(this ILogger logger, string database, string server);

    [LoggerMessage(3002, LogLevel.Information, "Handed database {Database} over to role {Role}")]
    public static partial void DatabaseHandedOver(this ILogger logger, string database, string role);

    [LoggerMessage(3010, LogLevel.Information, "Configured the application in database {Database}")]
    public static partial void ApplicationConfigured(this ILogger logger, string database);

    [LoggerMessage(3012, LogLevel.Information, "Made the restored database {Database} a tenant of its own")]
    public static partial void ApplicationAdopted(this ILogger logger, string database);

    [LoggerMessage(3011, LogLevel.Information, "The application of server {Server} does not answer: the standard user is put off")]
    public static partial void ApplicationSilent(this ILogger logger, string server);

    [LoggerMessage(3020, LogLevel.Warning, "Left bucket {Bucket} alone: it does not carry our mark")]
    public static partial void ForeignBucketLeft(this ILogger logger, string bucket);

    [LoggerMessage(3023, LogLevel.Warning, "Left the user {User} of the object gateway alone: it is not this tenant's")]
    public static partial void ForeignStorageUserLeft(this ILogger logger, string user);

    [LoggerMessage(3021, LogLevel.Warning, "The object store at {Server} has no {Feature}: buckets such as {Bucket} go without")]
    public static partial void StoreLacksFeature(this ILogger logger, string server, string feature, string bucket);

    [LoggerMessage(3022, LogLevel.Warning, "An unfinished upload of {Key} is left in bucket {Bucket}: it could not be ended")]
    public static partial void UploadLeft(this ILogger logger, string bucket, string key, Exception reason);

    [LoggerMessage(3025, LogLevel.Information, "Published the route of {Host} to {Upstream} (TLS {Tls}, suspended {Suspended})")]
    public static partial void RoutePublished(this ILogger logger, string host, string upstream, bool tls, bool suspended);

    [LoggerMessage(3028, LogLevel.Warning, "The proxy had lost the route of {Host}; it is published again")]
    public static partial void RouteRepaired(this ILogger logger, string host);

    [LoggerMessage(3029, LogLevel.Warning, "The route of {Host} is lost and cannot be published now: {Reason}")]
    public static partial void RouteNotRepaired(this ILogger logger, string host, string reason);

    [LoggerMessage(3026, LogLevel.Warning, "Left the route of {Host} alone: it does not carry our mark for this tenant")]
    public static partial void ForeignRouteLeft(this ILogger logger, string host);

    [LoggerMessage(3027, LogLevel.Warning, "Caddy refused {Count} changes together, so each goes alone: {Reason}")]
    public static partial void RoutesRefusedTogether(this ILogger logger, int count, string reason);

    [LoggerMessage(3030, LogLevel.Information, "Backed up database {Database} as {Key}: {Bytes} bytes")]
    public static partial void BackupTaken(this ILogger logger, string database, string key, long bytes);

    [LoggerMessage(3031, LogLevel.Warning, "Took no backup of database {Database}: Backups__Enabled is false")]
    public static partial void BackupsDisabled(this ILogger logger, string database);

    [LoggerMessage(3032, LogLevel.Information, "Restored backup {Backup} as database {Database}: {Bytes} bytes")]
    public static partial void BackupRestored(this ILogger logger, string backup, string database, long bytes);

    [LoggerMessage(3033, LogLevel.Information, "Tried out backup {Backup}: {Tables} tables, {Bytes} bytes")]
    public static partial void BackupVerified(this ILogger logger, string backup, int tables, long bytes);

    [LoggerMessage(3034, LogLevel.Warning, "Dropped database {Database} on server {Server}, which a trial that died had left")]
    public static partial void TrialSwept(this ILogger logger, string database, string server);

    [LoggerMessage(3035, LogLevel.Warning, "Server {Server} cannot be looked at for what trials left: {Reason}")]
    public static partial void TrialsNotSwept(this ILogger logger, string server, string reason);

    [LoggerMessage(3036, LogLevel.Information, "Copied the file store of {Template} for database {Database}: {Files} files, {Bytes} bytes")]
    public static partial void FileStoreCopied(this ILogger logger, string database, string template, long files, long bytes);

    [LoggerMessage(3042, LogLevel.Information, "Set the file store of {Database} aside; the backup's takes its place now")]
    public static partial void FileStoreSetAside(this ILogger logger, string database);

    [LoggerMessage(3037, LogLevel.Warning, "Template {Template} has no file store at {Folder}: its tenants begin without files")]
    public static partial void TemplateWithoutFiles(this ILogger logger, string template, string folder);

    [LoggerMessage(3038, LogLevel.Warning, "Left the file store {Database} on server {Server} alone: it does not carry our mark")]
    public static partial void ForeignFileStoreLeft(this ILogger logger, string database, string server);

    [LoggerMessage(3039, LogLevel.Warning, "File {Name} in the file store of {Database} is not what its name says; backup {Backup} has it as it is")]
    public static partial void FileDamaged(this ILogger logger, string name, string database, string backup);

    [LoggerMessage(3041, LogLevel.Warning, "Left {Name} in the file store of {Database} out of its backup: such a name cannot be restored")]
    public static partial void FileLeftOut(this ILogger logger, string name, string database);

    [LoggerMessage(3040, LogLevel.Warning, "Cannot tell whether the {Kind} {Name} is still there")]
    public static partial void InventoryUnknown(this ILogger logger, string kind, string name, Exception reason);

    [LoggerMessage(3050, LogLevel.Information, "Initialised template database {Database} by {Initialisation}")]
    public static partial void TemplateInitialised(this ILogger logger, string database, string initialisation);

    [LoggerMessage(3055, LogLevel.Information, "Version {Number} of template {Code} is a candidate: database {Database}, content {Hash}")]
    public static partial void VersionBuilt(this ILogger logger, string code, int number, string database, string hash);

    [LoggerMessage(3056, LogLevel.Information, "Version {Number} of template {Code} passed its trial: {Percent} % of new orders take it")]
    public static partial void VersionPromoted(this ILogger logger, string code, int number, int percent);

    [LoggerMessage(3057, LogLevel.Warning, "Version {Number} of template {Code} was refused at its trial: {Reason}")]
    public static partial void VersionRefused(this ILogger logger, string code, int number, string reason);

    [LoggerMessage(3051, LogLevel.Information, "Template {Code} is ready: database {Database}, content {Hash}")]
    public static partial void TemplateReady(this ILogger logger, string code, string database, string hash);

    [LoggerMessage(3052, LogLevel.Warning, "Extension {Extension} is not available in database {Database}: {Reason}")]
    public static partial void ExtensionUnavailable(this ILogger logger, string extension, string database, string reason);

    [LoggerMessage(3060, LogLevel.Information, "The caller at {Caller} answered {Status} to the end of job {Job}")]
    public static partial void CallerAnswered(this ILogger logger, string caller, string job, int status);

    [LoggerMessage(3061, LogLevel.Warning, "The caller at {Caller} is not told of the end of job {Job}: {Reason}")]
    public static partial void CallbackRefused(this ILogger logger, string caller, string job, string reason);

    [LoggerMessage(3070, LogLevel.Information, "DNS records of {Name}: {Changes}")]
    public static partial void RecordsChanged(this ILogger logger, string name, string changes);

    [LoggerMessage(3071, LogLevel.Warning, "Left the DNS record {Type} at {Name} alone: {Whose}")]
    public static partial void ForeignRecordLeft(this ILogger logger, string type, string name, string whose);

    [LoggerMessage(3080, LogLevel.Information, "Certificate for {Host} issued by {Issuer}, until {NotAfter}")]
    public static partial void CertificateIssued(this ILogger logger, string host, string issuer, DateTimeOffset notAfter);

    [LoggerMessage(3081, LogLevel.Information, "Certificate for {Host} revoked and forgotten")]
    public static partial void CertificateRevoked(this ILogger logger, string host);

    [LoggerMessage(3082, LogLevel.Warning, "Certificate {Name} is by {Issuer}, which is not the authority of the settings: it is forgotten without being revoked")]
    public static partial void ForeignIssuer(this ILogger logger, string name, string issuer);

    [LoggerMessage(3083, LogLevel.Warning, "The answer to the challenge for {Host} is left behind: {Reason}")]
    public static partial void ChallengeLeft(this ILogger logger, string host, string reason);

    [LoggerMessage(3084, LogLevel.Warning, "The certificate for {Host} is not renewed, attempt {Attempt}; next at {LookAt}: {Reason}")]
    public static partial void RenewalFailed(this ILogger logger, string host, int attempt, DateTimeOffset lookAt, string reason);

    [LoggerMessage(3085, LogLevel.Error, "The certificate for {Host} ends at {NotAfter} and its renewal fails since {Attempt} attempts: {Reason}")]
    public static partial void RenewalUrgent(this ILogger logger, string host, DateTimeOffset notAfter, int attempt, string reason);

    [LoggerMessage(3086, LogLevel.Information, "The authority does not say when to renew the certificate for {Host}: {Reason}")]
    public static partial void NoRenewalWindow(this ILogger logger, string host, string reason);

    [LoggerMessage(3090, LogLevel.Warning, "Tenant {Code} ({TenantId}) was left behind; job {JobId} removes it.")]
    public static partial void LeftoversSwept(this ILogger logger, string code, long tenantId, string jobId);

    [LoggerMessage(3092, LogLevel.Warning, "Tenant {Code} ({TenantId}) had ended, and something of it is there again, made too late: {Items}")]
    public static partial void LateLeftoversFound(this ILogger logger, string code, long tenantId, string items);

    [LoggerMessage(3091, LogLevel.Error, "Tenant {Code} ({TenantId}) left something behind, but its names belong to another tenant now: remove it by hand.")]
    public static partial void LeftoversKept(this ILogger logger, string code, long tenantId);

    [LoggerMessage(3087, LogLevel.Warning, "CERTIFICATES ARE ISSUED BY A LOCAL AUTHORITY OF OUR OWN (Certificates__Provider is local). NO BROWSER TRUSTS THEM. Set Certificates__Provider to acme or wildcard before customers come.")]
    public static partial void LocalAuthorityInUse(this ILogger logger);

    [LoggerMessage(3098, LogLevel.Information, "The application in database {Database} has the address {Address}")]
    public static partial void AddressSet(this ILogger logger, string database, string address);

    [LoggerMessage(3095, LogLevel.Warning, "Ordered domain {Name} at {Registrar} as {Reference}, for {Limit} at most")]
    public static partial void DomainOrdered(this ILogger logger, string name, string registrar, string reference, string limit);

    [LoggerMessage(3096, LogLevel.Information, "Bucket {Bucket} has the quota of the plan {Plan} now")]
    public static partial void QuotaFollowed(this ILogger logger, string bucket, string plan);

    [LoggerMessage(3097, LogLevel.Warning, "Bucket {Bucket} keeps its former quota until the next round: {Reason}")]
    public static partial void QuotaNotFollowed(this ILogger logger, string bucket, string reason);

    [LoggerMessage(3220, LogLevel.Warning, "PgBouncer has a database {Database} that is entered as {Role}, which is not this tenant's; it was left as it is")]
    public static partial void ForeignPooledDatabaseLeft(this ILogger logger, string database, string role);

    [LoggerMessage(3222, LogLevel.Warning, "The role {Role} of database {Database} could not log in and has its password again")]
    public static partial void TenantRoleRepaired(this ILogger logger, string database, string role);

    [LoggerMessage(3223, LogLevel.Warning, "The tenant's role of database {Database} could not be looked after until the next round: {Reason}")]
    public static partial void TenantRoleNotRepaired(this ILogger logger, string database, string reason);

    [LoggerMessage(3221, LogLevel.Information, "Database {Database} belongs to the tenant's own role {Role}")]
    public static partial void TenantRoleGiven(this ILogger logger, string database, string role);

    [LoggerMessage(3120, LogLevel.Information, "Took over database {Database} (oid {Oid}) of server {Server} by its name, mark and owner")]
    public static partial void DatabaseAdopted(this ILogger logger, string database, uint oid, string server);

    [LoggerMessage(3121, LogLevel.Warning, "Database {Database} of server {Server} was not taken over: its mark or its owner is not what it was")]
    public static partial void DatabaseNotAdopted(this ILogger logger, string database, string server);

    [LoggerMessage(3123, LogLevel.Warning, "The databases of server {Server} could not be taken over until the next round: {Reason}")]
    public static partial void DatabasesNotTakenOver(this ILogger logger, string server, string reason);

    [LoggerMessage(3122, LogLevel.Warning, "Dropped database {Database} of server {Server}, which an interrupted DROP had left invalid")]
    public static partial void InvalidDatabaseDropped(this ILogger logger, string database, string server);

    [LoggerMessage(3155, LogLevel.Information, "The authority {Authority} may not have heard that the challenge is ready, and is asked again: {Reason}")]
    public static partial void ChallengeNotHeard(this ILogger logger, string authority, string reason);

    [LoggerMessage(3156, LogLevel.Warning, "Of certificate {Name} only the {Half} was there; the other was made from it")]
    public static partial void CertificateCompleted(this ILogger logger, string name, string half);

    [LoggerMessage(3157, LogLevel.Error, "The secret of certificate {Name} is gone, but a living tenant needs it: it is ordered anew")]
    public static partial void CertificateLost(this ILogger logger, string name);

    [LoggerMessage(3158, LogLevel.Warning, "The proxy does not know a route any more that it was given: every route is looked at, and given back where it is missing")]
    public static partial void ProxyLostRoutes(this ILogger logger);

    [LoggerMessage(3159, LogLevel.Debug, "The proxy could not be asked for its routes: {Reason}")]
    public static partial void RouteWatchFailed(this ILogger logger, string reason);

    [LoggerMessage(3160, LogLevel.Warning, "Caddy does not know stream_close_delay (it came with 2.7): every change of its configuration closes the web sockets of all tenants")]
    public static partial void StreamsAreClosed(this ILogger logger);

    [LoggerMessage(3161, LogLevel.Warning, "The configuration that Caddy has besides our routes could not be kept, and could not be given back if Caddy lost it: {Reason}")]
    public static partial void BaseNotRemembered(this ILogger logger, string reason);

    [LoggerMessage(3162, LogLevel.Warning, "Caddy at {Admin} had no configuration at all and was given back what it had besides our routes")]
    public static partial void BaseGivenBack(this ILogger logger, string admin);

    [LoggerMessage(3200, LogLevel.Error, "Tenant {Code} ({TenantId}) has no backup yet: attempt {Attempt} at its first one failed, the next is at {NextAttempt:u}: {Reason}")]
    public static partial void FirstBackupFailed(this ILogger logger, string code, long tenantId, int attempt, DateTimeOffset nextAttempt, string reason);

    [LoggerMessage(3201, LogLevel.Information, "Tenant {Code} ({TenantId}) no longer lacks its {Kind}")]
    public static partial void PendingDone(this ILogger logger, string code, long tenantId, string kind);

    [LoggerMessage(3202, LogLevel.Warning, "Tenant {Code} ({TenantId}) still lacks its {Kind} after {Attempt} attempts, the next is at {NextAttempt:u}: {Reason}")]
    public static partial void PendingStill(this ILogger logger, string code, long tenantId, string kind, int attempt, DateTimeOffset nextAttempt, string reason);

    [LoggerMessage(3203, LogLevel.Information, "A user of the template had the login of the standard user in database {Database}: it has another now")]
    public static partial void LoginFreed(this ILogger logger, string database);

    [LoggerMessage(3195, LogLevel.Information, "Set new passwords in database {Database}")]
    public static partial void PasswordsReset(this ILogger logger, string database);

    [LoggerMessage(3204, LogLevel.Information, "The account {Account} at the certificate authority {Authority} has another key now")]
    public static partial void AccountKeyChanged(this ILogger logger, string authority, string account);

    [LoggerMessage(3300, LogLevel.Information, "The ready clone {Pooled} became the database {Database} on server {Server}")]
    public static partial void PooledDatabaseTaken(this ILogger logger, string pooled, string database, string server);

    [LoggerMessage(3301, LogLevel.Warning, "The ready clone {Pooled} on server {Server} cannot be used for {Database}, which is cloned instead: {Reason}")]
    public static partial void PooledDatabaseLost(this ILogger logger, string pooled, string server, string database, string reason);

    [LoggerMessage(3302, LogLevel.Debug, "Cloned {Source} as {Database} on server {Server} for the pool")]
    public static partial void PoolDatabaseCloned(this ILogger logger, string database, string source, string server);

    [LoggerMessage(3303, LogLevel.Debug, "The database {Database} of the pool of {Source} on server {Server} is labelled and recorded")]
    public static partial void PoolDatabaseMade(this ILogger logger, string database, string source, string server);

    [LoggerMessage(3304, LogLevel.Debug, "The files of {Database} are there ({HasFiles})")]
    public static partial void PoolFilesMade(this ILogger logger, string database, bool hasFiles);

    [LoggerMessage(3305, LogLevel.Information, "The clone {Database} of {Source} on server {Server} is ready for an order")]
    public static partial void PoolEntryReady(this ILogger logger, string database, string source, string server);

    [LoggerMessage(3306, LogLevel.Warning, "The clone {Database} of {Source} on server {Server} could not be made, and comes again: {Reason}")]
    public static partial void PoolNotFilled(this ILogger logger, string database, string source, string server, string reason);

    [LoggerMessage(3307, LogLevel.Information, "Dropped {Database} of the pool on server {Server}")]
    public static partial void PoolDatabaseDropped(this ILogger logger, string database, string server);

    [LoggerMessage(3308, LogLevel.Warning, "{Database} of the pool on server {Server} could not be dropped, and comes again: {Reason}")]
    public static partial void PoolNotDropped(this ILogger logger, string database, string server, string reason);

    [LoggerMessage(3310, LogLevel.Information, "The application of {Database} installed '{Activated}' and uninstalled '{Deactivated}'")]
    public static partial void ModulesChanged(this ILogger logger, string database, string activated, string deactivated);

    [LoggerMessage(3205, LogLevel.Warning, "The certificate for {Host} was replaced by one of {Issuer} with another key, and the former one revoked")]
    public static partial void CertificateReplaced(this ILogger logger, string host, string issuer);

    [LoggerMessage(3185, LogLevel.Information, "The database {Database} takes no connections any more: its tenant is suspended; {Ended} sessions were ended")]
    public static partial void DatabaseShut(this ILogger logger, string database, int ended);

    [LoggerMessage(3186, LogLevel.Warning, "The database {Database} of a suspended tenant was open, and was shut again")]
    public static partial void DatabaseShutAgain(this ILogger logger, string database);

    [LoggerMessage(3187, LogLevel.Warning, "The database {Database} of a suspended tenant could not be shut, and comes again with the next sweep: {Reason}")]
    public static partial void DatabaseNotShut(this ILogger logger, string database, string reason);

    [LoggerMessage(3180, LogLevel.Information, "Database {Database} has release {Version} by {Kind}")]
    public static partial void ReleaseApplied(this ILogger logger, string database, string version, string kind);

    [LoggerMessage(3181, LogLevel.Warning, "What upgrade {Job} left is not removed yet: {Reason}")]
    public static partial void UpgradeNotSwept(this ILogger logger, string job, string reason);

    [LoggerMessage(3190, LogLevel.Warning, "Job {Job} ({Kind}) of tenant {Tenant} was ended from outside: what it did is undone, or it is closed as failed")]
    public static partial void JobAbandoned(this ILogger logger, string job, string kind, string tenant);

    [LoggerMessage(3191, LogLevel.Warning, "Job {Job}, which was ended from outside, is not closed: {Reason}")]
    public static partial void JobNotSwept(this ILogger logger, string job, string reason);

    [LoggerMessage(3199, LogLevel.Information, "Job {Job} ({Kind}) of tenant {Tenant} was cancelled: what it did is undone, or it is closed")]
    public static partial void JobUndone(this ILogger logger, string job, string kind, string tenant);

    [LoggerMessage(3230, LogLevel.Information, "Notice {NoticeId} was sent by {Channel}, attempt {Attempt}")]
    public static partial void NoticeSent(this ILogger logger, long noticeId, string channel, int attempt);

    [LoggerMessage(3231, LogLevel.Warning, "Notice {NoticeId} was not sent by {Channel}, attempt {Attempt}: {Reason}")]
    public static partial void NoticeFailed(this ILogger logger, long noticeId, string channel, int attempt, string reason);

    [LoggerMessage(3232, LogLevel.Error, "Notice {NoticeId} could not be sent by {Channel}, attempt {Attempt}")]
    public static partial void NoticeNotSent(this ILogger logger, long noticeId, string channel, int attempt, Exception failure);

    [LoggerMessage(3233, LogLevel.Error, "A template of notices is broken: {Problem}")]
    public static partial void NoticeTemplateBroken(this ILogger logger, string problem);

    [LoggerMessage(3206, LogLevel.Information, "The account of support access {AccessId} is in {Database}")]
    public static partial void SupportAccountMade(this ILogger logger, long accessId, string database);

    [LoggerMessage(3207, LogLevel.Information, "The account of support access {AccessId} is locked out of {Database} (it was there: {WasThere}); {Left} things are to be looked at")]
    public static partial void SupportAccountRemoved(this ILogger logger, long accessId, string database, bool wasThere, int left);

    [LoggerMessage(3208, LogLevel.Information, "The account of support access {AccessId} is locked out of the copy of {Database} on server {Server} (it was there: {WasThere})")]
    public static partial void SupportAccountRemovedFromCopy(this ILogger logger, long accessId, string database, string server, bool wasThere);
}
