using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Encryption;
using Bibind.Activities.Backup.Files;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary><c>/api/tenants/{code}/backups</c> and <c>/api/backups</c>.</summary>
internal static class BackupsApi
{
    private const string Files = "filestore";

    private static readonly QueryParameter Part = new(
        "part", "Which object of the backup: database (unless given) or filestore, the tenant's files, where the backup has them.", ["database", Files]);

    private static readonly QueryParameter TrialTenant = new("tenant", "Only trials of this tenant's backups.");
    private static readonly QueryParameter TrialOutcome = new("outcome", "Only trials that ended so.", [JobOutcomes.Succeeded, JobOutcomes.Failed, JobOutcomes.Cancelled]);

    private static readonly TimeSpan LinkLifetime = TimeSpan.FromMinutes(15);

    public static void MapBackups(this IEndpointRouteBuilder routes)
    {
        var ofTenant = routes.MapGroup("/api/tenants/{code}/backups").WithTags("backups");
        ofTenant.MapPost("/", BackUpAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant).Describe("backUpTenant", "Takes a backup of a tenant")
            .TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        ofTenant.MapGet("/", ListAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant).Describe("listBackups", "Lists a tenant's backups, newest first, all in one answer")
            .Answers<ListResponse<BackupView>>().Refuses(StatusCodes.Status404NotFound);

        var all = routes.MapGroup("/api/backups").WithTags("backups");
        all.MapGet("/missing", ListMissingAsync).NeedsRole(Role.Viewer).Describe("listMissingBackups", "Lists tenants whose newest good backup is older than their plan's schedule allows, the longest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<MissingBackupView>>();
        all.MapGet("/trials", ListTrialsAsync).NeedsRole(Role.Viewer).Describe("listBackupTrials", "Lists trials of backups with their receipts, newest first")
            .TakesQuery(TrialTenant, TrialOutcome, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<BackupTrialView>>();

        var backups = routes.MapGroup("/api/backups/{id}").WithTags("backups");
        backups.MapPost("/restore", RestoreAsync).NeedsRole(Role.Admin).OpenToCustomers(CustomerReach.OwnBackup).Describe("restoreBackup", "Puts a backup in the place of its tenant's database, or makes a new tenant of it")
            .Takes<RestoreBackup>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        backups.MapPost("/confirm", ConfirmAsync).NeedsRole(Role.Admin).OpenToCustomers(CustomerReach.OwnBackup)
            .Describe("confirmBackup", "Confirms the change before which a backup was taken: it is kept only as the plan says")
            .Answers<BackupView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        backups.MapPost("/verify", VerifyAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnBackup).Describe("verifyBackup", "Tries a backup out, beside everything else")
            .TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        backups.MapGet("/download", DownloadAsync).NeedsRole(Role.Admin).OpenToCustomers(CustomerReach.OwnBackup)
            .Describe("downloadBackup", "Gives a link to an encrypted backup, or the backup itself where the store has no links")
            .TakesQuery(Part).Answers<BackupLink>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> BackUpAsync(HttpContext context, string code, BackupOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        Codes.RequireTenant(code);

        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, $"POST /api/tenants/{code}/backups", null);
        return await ordering.BackUpAsync(code, caller, request, context.RequestAborted);
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, TenantStore tenants, BackupStore backups)
    {
        var tenant = (Codes.IsPlausible(code) ? await tenants.FindAsync(code, context.RequestAborted) : null) ?? throw new ProblemException(ProblemFactory.NoSuchTenant);
        return TypedResults.Ok(Paging.ShowAll(await backups.ListAsync(tenant.Id, context.RequestAborted), BackupView.Of));
    }

    private static async Task<IResult> ListMissingAsync(HttpContext context, MissingBackups missing)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await missing.ListAsync(page, context.RequestAborted), MissingBackupView.Of));
    }

    private static async Task<IResult> ListTrialsAsync(HttpContext context, TrialSchedule trials)
    {
        var query = new QueryReader(context);
        var filter = new BackupTrialFilter { Tenant = query.Code(TrialTenant.Name), Outcome = query.Choice(TrialOutcome.Name) };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await trials.ListAsync(filter, page, context.RequestAborted), BackupTrialView.Of));
    }

    private static async Task<IResult> RestoreAsync(HttpContext context, string id, BackupStore backups, TenantStore tenants, TenantOrdering ordering, BackupOrdering restores)
    {
        var key = IdempotencyKey.Read(context.Request);

        var caller = context.Caller().Name;
        var backup = await RequireAsync(id, backups, context.RequestAborted);
        var source = new Lazy<Task<Tenant>>(async () =>
            await tenants.GetAsync(backup.TenantId, context.RequestAborted) ?? throw new ProblemException(ProblemFactory.NoSuchTenant));

        // Whoever says more than nothing must be understood: a tenant is overwritten.
        var command = CommandReader.HasBody(context)
            ? await CommandReader.ReadAsync<RestoreBackup>(context, async (given, _) => await FindWrongAsync(given, backup, caller, source, ordering, context.RequestAborted))
            : new RestoreBackup();
        var request = CommandRequest.Of(context, key, $"POST /api/backups/{id}/restore", command);
        if (command.NewTenant is { } wanted)
        {
            return await ordering.RestoreNewAsync(OrderOf(wanted, await source.Value, caller), new BackupRef(backup.TenantId, id), request, former: null, context.RequestAborted);
        }

        return await restores.RestoreAsync(id, caller, request, context.RequestAborted);
    }

    private static async Task<IReadOnlyDictionary<string, string[]>> FindWrongAsync(
        RestoreBackup command, StoredBackup backup, string caller, Lazy<Task<Tenant>> source, TenantOrdering ordering, CancellationToken cancellation)
    {
        var errors = new FieldErrors();
        if (command.Tenant is { } tenant && tenant != backup.TenantCode)
        {
            errors.Add(
                "tenant", $"The backup was taken of tenant '{backup.TenantCode}': it is restored there and nowhere else, unless 'newTenant' describes one that does not exist yet");
        }

        if (command.NewTenant is { } wanted)
        {
            var wrong = await ordering.FindWrongAsync(OrderOf(wanted, await source.Value, caller), isRefused: false, cancellation);
            errors.AddFurther(wrong.ToDictionary(e => $"newTenant.{e.Key}", e => e.Value));
        }

        return errors.ToDictionary();
    }

    private static async Task<IResult> ConfirmAsync(HttpContext context, string id, BackupStore backups, FormerStates formerStates)
    {
        var backup = await RequireAsync(id, backups, context.RequestAborted);
        return await formerStates.ConfirmAsync(backup.Id, context.RequestAborted)
            ? TypedResults.Ok(BackupView.Of(backup with { KeptUntil = null }))
            : throw new ProblemException(ProblemFactory.Conflict(
                "nothing-to-confirm", "Nothing waits to be confirmed",
                $"Backup '{backup.Id}' is kept as the plan of tenant '{backup.TenantCode}' says, and for no change: there is nothing to confirm."));
    }

    private static async Task<IResult> VerifyAsync(HttpContext context, string id, BackupStore backups, BackupOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        await RequireAsync(id, backups, context.RequestAborted);
        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, $"POST /api/backups/{id}/verify", null);
        return await ordering.VerifyAsync(id, caller, request, context.RequestAborted);
    }

    private static async Task<IResult> DownloadAsync(
        HttpContext context, string id, BackupStore backups, BackupFiles files, FileStoreArchives archives, TimeProvider time, ILogger<BackupLink> logger)
    {
        var cancellation = context.RequestAborted;
        var query = new QueryReader(context);
        var part = query.Choice(Part.Name) ?? Part.Choices![0];
        query.ThrowIfAny();
        var backup = await RequireAsync(id, backups, cancellation);
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            var manifest = await files.ReadManifestAsync(new BackupRef(backup.TenantId, backup.Id), cancellation);
            var stored = part == Files ? Require(manifest.FileStore) : null;
            var expiresAt = time.GetUtcNow() + LinkLifetime;
            var link = await files.LinkAsync(stored?.Key ?? manifest.Key, LinkLifetime, cancellation);
            Logs.BackupDownloaded(logger, context.Caller().Name, id);
            return link is not null
                ? TypedResults.Ok(new BackupLink(id, part, link, expiresAt, stored?.Bytes ?? backup.Bytes, stored?.Sha256 ?? backup.Sha256))
                : stored is null
                    ? TypedResults.Stream(await files.OpenStoredAsync(manifest, cancellation), "application/octet-stream", $"{id}.dump.br.aes")
                    : TypedResults.Stream(await archives.OpenStoredAsync(stored, cancellation), "application/octet-stream", $"{id}.filestore.tar.br.aes");
        }
        catch (BackupDamagedException damaged)
        {
            throw new ProblemException(ProblemFactory.Conflict("backup-damaged", "The backup cannot be used", damaged.Message));
        }
    }

    private static BackupFileStore Require(BackupFileStore? part) =>
        part ?? throw new ProblemException(ProblemFactory.NotFound("The backup was taken without a file store; part=database gives its database."));

    private static TenantOrder OrderOf(NewTenantOfBackup wanted, Tenant source, string caller) =>
        source.ToOrder(wanted.Code, wanted.Name ?? source.Name, caller) with { CallbackUrl = wanted.CallbackUrl };

    private static async Task<StoredBackup> RequireAsync(string id, BackupStore backups, CancellationToken cancellation) =>
        (Codes.IsPlausible(id) ? await backups.FindAsync(id, cancellation) : null)
        ?? throw new ProblemException(ProblemFactory.NotFound("There is no backup with this id; GET /api/tenants/{code}/backups lists them."));
}
