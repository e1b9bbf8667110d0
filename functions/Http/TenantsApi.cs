using System.Globalization;
using Bibind.Activities.Credentials;
using Bibind.Contracts;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary><c>/api/tenants</c>.</summary>
internal static class TenantsApi
{
    private static readonly QueryParameter State = new("state", "Only tenants in this state.", TenantStates.All);
    private static readonly QueryParameter PendingKind = new(
        "pending", "Only tenants that still lack something: of this kind, or any.", [.. PendingKinds.All, TenantFilter.AnyPending]);

    private static readonly QueryParameter StagingOf = new("stagingOf", "Only staging copies of the tenants with this code.");

    private static readonly QueryParameter FinalBackup = new(
        "finalBackup", "true (unless given): one last backup is taken and kept; false: every backup is deleted too.", ["true", "false"]);

    public static void MapTenants(this IEndpointRouteBuilder routes)
    {
        var tenants = routes.MapGroup("/api/tenants").WithTags("tenants");
        tenants.MapPost("/", OrderAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.Filtered).Describe("orderTenant", "Orders a tenant")
            .Takes<CreateTenant>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status409Conflict);
        tenants.MapGet("/", ListAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.Filtered).Describe("listTenants", "Lists tenants, newest first")
            .TakesQuery(State, PendingKind, StagingOf, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TenantView>>();
        tenants.MapGet("/{code}", FindAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant).Describe("getTenant", "Shows the living tenant with a code, or the last one that had it")
            .Answers<TenantView>().Refuses(StatusCodes.Status404NotFound);
        tenants.MapTenantChanges();
        tenants.MapDelete("/{code}", DestroyAsync).NeedsRole(Role.Admin).OpenToCustomers(CustomerReach.OwnTenant).Describe("destroyTenant", "Removes a tenant and everything that belongs to it")
            .TakesQuery(FinalBackup).TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenants.MapPost("/{code}/credentials/reveal", RevealAsync).NeedsRole(Role.Admin).OpenToCustomers(CustomerReach.OwnTenant).Describe("revealCredentials", "Shows a tenant's passwords, once")
            .TakesKey().Answers<TenantCredentials>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status410Gone);
        tenants.MapPost("/{code}/credentials/reset", ResetAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("resetCredentials", "Gives a tenant's administrator and standard user new passwords")
            .TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> OrderAsync(HttpContext context, TenantOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var (caller, customer) = (context.Caller().Name, context.Caller().Customer);
        var command = await CommandReader.ReadAsync<CreateTenant>(context, (given, isWhole) => FindWrongAsync(given, isWhole));
        return await ordering.OrderAsync(
            command.ToOrder(caller, customer), CommandRequest.Of(context, key, "POST /api/tenants", command), context.RequestAborted);

        async Task<IReadOnlyDictionary<string, string[]>> FindWrongAsync(CreateTenant given, bool isWhole)
        {
            var errors = new FieldErrors();
            if (customer is not null && given.Customer is { } other && other != customer)
            {
                errors.Add("customer", "must be left out: the token says who the customer is");
            }

            foreach (var (field, isGiven) in new[] { ("size", given.Size is not null), ("maxUsers", given.MaxUsers is not null), ("maxStorageBytes", given.MaxStorageBytes is not null) })
            {
                if (customer is not null && isGiven)
                {
                    errors.Add(field, "must be left out: it follows from the plan");
                }
            }

            errors.AddFurther(await ordering.FindWrongAsync(given.ToOrder(caller, customer), isRefused: !isWhole || !errors.IsEmpty, context.RequestAborted));
            return errors.ToDictionary();
        }
    }

    private static async Task<IResult> ListAsync(HttpContext context, TenantStore tenants, PendingItems pending)
    {
        var query = new QueryReader(context);
        var filter = new TenantFilter { State = query.Choice(State.Name), Pending = query.Choice(PendingKind.Name), StagingOf = query.Code(StagingOf.Name), Customer = context.Caller().Customer };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var found = await tenants.ListAsync(filter, page, context.RequestAborted);
        var items = await pending.OfAsync([.. found.Items.Select(t => t.Id)], context.RequestAborted);
        return TypedResults.Ok(Paging.Show(found, tenant => TenantView.Of(tenant, items[tenant.Id])));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, TenantStore tenants, PendingItems pending) =>
        await AnswerAsync(context, await GetAsync(code, tenants, context.RequestAborted), pending);

    /// <summary>Shows a tenant with its version.</summary>
    internal static async Task<IResult> AnswerAsync(HttpContext context, Tenant tenant, PendingItems pending)
    {
        EntityTag.Show(context, VersionOf(tenant));
        return TypedResults.Ok(TenantView.Of(tenant, await pending.OfAsync(tenant.Id, context.RequestAborted)));
    }

    /// <summary>The version that a change is to name; of two tenants that had a code one after the other, it differs.</summary>
    internal static string VersionOf(Tenant tenant) => string.Create(CultureInfo.InvariantCulture, $"{tenant.Id}.{tenant.Version}");

    private static async Task<IResult> DestroyAsync(HttpContext context, string code, TenantOrdering ordering, SupportOrdering support)
    {
        var key = IdempotencyKey.Read(context.Request);
        var query = new QueryReader(context);
        var finalBackup = query.Flag(FinalBackup.Name, otherwise: true);
        query.ThrowIfAny();
        Codes.RequireTenant(code);

        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, $"DELETE /api/tenants/{code}", new { finalBackup });
        var answer = await ordering.DestroyAsync(code, finalBackup, caller, request, context.RequestAborted);
        await support.WakeAsync(code, context.RequestAborted);
        return answer;
    }

    private static async Task<IResult> RevealAsync(
        HttpContext context, string code, TenantStore tenants, PendingItems pending, IOneTimeReveal secrets, ILogger<TenantCredentials> logger)
    {
        var caller = context.Caller().Name;
        var receiver = IdempotencyKey.ReadReceiver(context.Request, caller);
        var tenant = await GetAsync(code, tenants, context.RequestAborted);
        if (tenant.State == TenantStates.Provisioning)
        {
            throw new ProblemException(ProblemFactory.Conflict("job-running", "The tenant is not ready", $"Tenant '{code}' is being provisioned; ask again when it is active."));
        }

        string[] missing = [.. (await pending.OfAsync(tenant.Id, context.RequestAborted)).Select(p => p.Kind).Where(k => k == PendingKinds.StandardUser)];
        switch (await secrets.RevealOnceAsync(TenantSecrets.Prefix(tenant.Id), TenantCredentials.NamesBeside(missing), receiver, context.RequestAborted))
        {
            case SecretsReveal.Revealed revealed:
                if (revealed.IsRepeated)
                {
                    context.Response.Headers[IdempotencyKey.ReplayedHeader] = "true";
                    Logs.CredentialsShownAgain(logger, caller, code);
                }
                else
                {
                    Logs.CredentialsRevealed(logger, caller, code);
                }

                return TypedResults.Ok(TenantCredentials.Of(tenant, revealed.Values, missing));
            case SecretsReveal.AlreadyRevealed earlier:
                throw new ProblemException(new Problem(
                    StatusCodes.Status410Gone,
                    "credentials-revealed",
                    "The credentials were shown before",
                    $"The passwords of tenant '{code}' were shown once, at {earlier.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC; POST /api/tenants/{code}/credentials/reset makes new ones."
                        + (missing.Length > 0 ? " The standard user does not exist yet: its password is shown once it does." : string.Empty)));
            default:
                throw new ProblemException(ProblemFactory.NotFound($"Tenant '{code}' has no credentials here."));
        }
    }

    private static Task<OrderResponse> ResetAsync(HttpContext context, string code, CredentialOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        Codes.RequireTenant(code);

        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, $"POST /api/tenants/{code}/credentials/reset", command: null);
        return ordering.ResetAsync(code, caller, request, context.RequestAborted);
    }

    internal static async Task<Tenant> GetAsync(string code, TenantStore tenants, CancellationToken cancellation) =>
        (Codes.IsPlausible(code) ? await tenants.FindAsync(code, cancellation) : null) ?? throw new ProblemException(ProblemFactory.NoSuchTenant);
}
