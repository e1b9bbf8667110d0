using System.Globalization;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary><c>/api/tenants/{code}/support-access</c>: operators in tenants' applications.</summary>
internal static class SupportApi
{
    private static readonly QueryParameter State = new("state", "Only accesses in this state.", SupportStates.All);

    public static void MapSupport(this IEndpointRouteBuilder routes)
    {
        var accesses = routes.MapGroup("/api/tenants/{code}/support-access").WithTags("tenants");
        accesses.MapPost("/", RequestAsync).NeedsRole(Role.Manager)
            .Describe("requestSupportAccess", "Asks to enter a tenant's application for a while by an account of one's own; where the plan wants it, the customer has to consent")
            .Takes<RequestSupportAccess>().Answers<SupportAccessView>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        accesses.MapGet("/", ListAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("listSupportAccesses", "Lists operators' accesses to a tenant's application, newest first")
            .TakesQuery(State, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<SupportAccessView>>().Refuses(StatusCodes.Status404NotFound);
        accesses.MapGet("/{id}", FindAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("getSupportAccess", "Shows an operator's access to a tenant's application").Answers<SupportAccessView>().Refuses(StatusCodes.Status404NotFound);
        Map("approve", "approveSupportAccess", "Consents to an operator's access; the customer alone can", (context, code, id, tenants, store, ordering) => DecideAsync(context, code, id, true, tenants, store, ordering));
        Map("refuse", "refuseSupportAccess", "Refuses an operator's access; the customer alone can", (context, code, id, tenants, store, ordering) => DecideAsync(context, code, id, false, tenants, store, ordering));
        Map("revoke", "revokeSupportAccess", "Ends an operator's access, or withdraws the request for it", RevokeAsync);
        accesses.MapPost("/{id}/credentials", RevealAsync).NeedsRole(Role.Manager)
            .Describe("revealSupportCredentials", "Shows the credentials of an open access to the operator who asked for it, once").TakesKey()
            .Answers<SupportCredentials>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status410Gone);
        SupportPages.Map(routes);

        void Map(string action, string name, string summary, Func<HttpContext, string, string, TenantStore, SupportAccessStore, SupportOrdering, Task<IResult>> handle) =>
            accesses.MapPost(
                    $"/{{id}}/{action}",
                    (HttpContext context, string code, string id, TenantStore tenants, SupportAccessStore store, SupportOrdering ordering) => handle(context, code, id, tenants, store, ordering))
                .NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant).Describe(name, summary)
                .TakesPerhaps<DecideSupportAccess>().Answers<SupportAccessView>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> RequestAsync(
        HttpContext context, string code, TenantStore tenants, SupportOrdering ordering, AuditTrail trail, IOptions<SupportOptions> options)
    {
        var command = await CommandReader.ReadAsync<RequestSupportAccess>(context, (given, _) => Task.FromResult(RequestSupportAccess.FindWrong(given, options.Value)));
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        var access = await ordering.RequestAsync(
            tenant,
            new SupportRequest(
                command.Level ?? Contracts.SupportLevels.User, command.Minutes ?? options.Value.DefaultMinutes, command.Reason, trail.AddressOf(context)?.ToString()),
            context.Caller(), context.RequestAborted);
        return Accepted(access);
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, TenantStore tenants, SupportAccessStore store)
    {
        var query = new QueryReader(context);
        var state = query.Choice(State.Name);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(await store.ListAsync(tenant.Id, state, page, context.RequestAborted), SupportAccessView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, string id, TenantStore tenants, SupportAccessStore store)
    {
        new QueryReader(context).ThrowIfAny();
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        return TypedResults.Ok(SupportAccessView.Of(await GetAsync(tenant, id, store, context.RequestAborted)));
    }

    private static async Task<IResult> DecideAsync(
        HttpContext context, string code, string id, bool isGranted, TenantStore tenants, SupportAccessStore store, SupportOrdering ordering)
    {
        var reason = await ReadReasonAsync(context);
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        var access = await GetAsync(tenant, id, store, context.RequestAborted);
        var caller = context.Caller();
        if (caller.Customer is null)
        {
            throw new ProblemException(Refused("consent-of-operator", "Only the customer decides", "An operator's access is decided about by the tenant's customer: by their token, or by the link of the letter."));
        }

        // Whoever makes a customer's token has it too, for a moment at least.
        if (caller.MadeBy == access.RequestedBy || caller.MadeAt >= access.RequestedAt)
        {
            throw new ProblemException(Refused("consent-of-operator", "This token does not decide", "The token was made by the operator who asks, or after they asked: use one that was there before, or the link of the letter."));
        }

        return Accepted(await ordering.DecideAsync(tenant, access.Id, isGranted, new SupportDecision(caller.Name, reason), caller.Customer, context.RequestAborted));
    }

    private static async Task<IResult> RevokeAsync(
        HttpContext context, string code, string id, TenantStore tenants, SupportAccessStore store, SupportOrdering ordering)
    {
        var reason = await ReadReasonAsync(context);
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        var access = await GetAsync(tenant, id, store, context.RequestAborted);
        var caller = context.Caller();
        return Accepted(await ordering.RevokeAsync(tenant, access.Id, new SupportDecision(caller.Name, reason), caller.Customer, context.RequestAborted));
    }

    private static async Task<IResult> RevealAsync(
        HttpContext context, string code, string id, TenantStore tenants, SupportAccessStore store, IOneTimeReveal secrets, ILogger<SupportCredentials> logger)
    {
        var caller = context.Caller();
        var receiver = IdempotencyKey.ReadReceiver(context.Request, caller.Id);
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        var access = await GetAsync(tenant, id, store, context.RequestAborted);
        if (access.Requester != caller.Id)
        {
            throw new ProblemException(Refused("not-your-access", "It is another operator's", $"The credentials of support access {access.Id} are shown to '{access.RequestedBy}', who asked for it: ask for one of your own."));
        }

        if (access.State != SupportStates.Open || access.ExpiresAt is not { } until)
        {
            throw new ProblemException(OrderProblems.Of(new SupportResult.WrongState(access), code));
        }

        switch (await secrets.RevealOnceAsync(SupportSecrets.Prefix(access.TenantId, access.Id), [SupportSecrets.PasswordName], receiver, context.RequestAborted))
        {
            case SecretsReveal.Revealed revealed:
                await store.MarkShownAsync(access.Id, context.RequestAborted);
                Logs.SupportCredentialsShown(logger, caller.Name, access.Id, code);
                if (revealed.IsRepeated)
                {
                    context.Response.Headers[IdempotencyKey.ReplayedHeader] = "true";
                }

                return TypedResults.Ok(new SupportCredentials(tenant.BaseUrl, access.Login, revealed.Values[SupportSecrets.PasswordName], until));
            case SecretsReveal.AlreadyRevealed earlier:
                throw new ProblemException(ProblemFactory.Gone(
                    "credentials-revealed", "The credentials were shown before",
                    $"The password of support access {access.Id} was shown once, at {earlier.At.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC; revoke it, and ask for another one."));
            default:
                throw new ProblemException(OrderProblems.Of(new SupportResult.WrongState(access), code));
        }
    }

    private static Accepted<SupportAccessView> Accepted(SupportAccess access) => TypedResults.Accepted(
        string.Create(CultureInfo.InvariantCulture, $"/api/tenants/{access.TenantCode}/support-access/{access.Id}"), SupportAccessView.Of(access));

    private static Problem Refused(string kind, string title, string detail) => new(StatusCodes.Status403Forbidden, kind, title, detail);

    private static async Task<string?> ReadReasonAsync(HttpContext context) => CommandReader.HasBody(context)
        ? (await CommandReader.ReadAsync<DecideSupportAccess>(context, (given, _) => Task.FromResult(RecordedReason.With(new Dictionary<string, string[]>(), given.Reason)))).Reason
        : null;

    // Of the tenant in the path alone: whose number it is elsewhere is nobody's business here.
    private static async Task<SupportAccess> GetAsync(Tenant tenant, string id, SupportAccessStore store, CancellationToken cancellation) =>
        (long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? await store.FindAsync(tenant.Id, number, cancellation) : null)
        ?? throw new ProblemException(ProblemFactory.NoSuchSupportAccess);
}
