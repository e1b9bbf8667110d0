using Bibind.Activities.Domains;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>An order for a host name of the customer's own.</summary>
public sealed record AddDomainCommand
{
    /// <summary>Such as <c>shop.example.com</c>; international names in their ASCII form.</summary>
    public required string Name { get; init; }
}

/// <summary>A host name of the customer's own, as people see it.</summary>
public sealed record DomainView
{
    public required string Name { get; init; }

    /// <summary><c>waiting_for_dns</c>, <c>issuing</c>, <c>active</c>, <c>failed</c> or <c>removing</c>.</summary>
    public required string State { get; init; }

    /// <summary>What is missing, or why it failed, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>The newest job about it.</summary>
    public required string Job { get; init; }
    public required DomainInstructions Instructions { get; init; }
    public required string RequestedBy { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its records were looked at last.</summary>
    public DateTimeOffset? CheckedAt { get; init; }
    public DateTimeOffset? ActivatedAt { get; init; }
}

/// <summary><c>/api/tenants/{code}/domains</c>.</summary>
internal static class DomainsApi
{
    public static void MapDomains(this IEndpointRouteBuilder routes)
    {
        var domains = routes.MapGroup("/api/tenants/{code}/domains").WithTags("domains");
        domains.MapPost("/", AddAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant).Describe("addDomain", "Gives a tenant a host name of the customer's own")
            .Takes<AddDomainCommand>().TakesKey().Answers<DomainOrdered>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        domains.MapGet("/", ListAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant).Describe("listDomains", "Lists a tenant's own host names, oldest first, all in one answer")
            .Answers<ListResponse<DomainView>>().Refuses(StatusCodes.Status404NotFound);
        domains.MapDelete("/{name}", RemoveAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant).Describe("removeDomain", "Takes a host name of the customer's own away")
            .TakesKey().Answers<DomainOrdered>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        domains.MapPost("/{name}/validate", ValidateAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant).Describe("validateDomain", "Looks at a host name's records at once")
            .Answers<DomainView>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> AddAsync(HttpContext context, string code, TenantStore tenants, DomainOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<AddDomainCommand>(context);
        var tenant = await TenantAsync(code, tenants, context.RequestAborted);
        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, $"POST /api/tenants/{tenant.Code}/domains", command);
        return await ordering.AddAsync(tenant.Code, command.Name, caller, request, context.RequestAborted);
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, TenantStore tenants, DomainStore domains, DomainRecords records)
    {
        new QueryReader(context).ThrowIfAny();
        var tenant = await TenantAsync(code, tenants, context.RequestAborted);
        var found = await domains.ListAsync(tenant.Id, context.RequestAborted);
        return TypedResults.Ok(Paging.ShowAll(found, domain => Show(domain, tenant, records)));
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, string code, string name, DomainOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        if (!Codes.IsPlausible(code) || !IsPlausible(name))
        {
            throw new ProblemException(ProblemFactory.NotFound("There is no such tenant, or it has no such domain."));
        }

        // The name is looked up with the order, so that a repetition gets its answer when the name has gone.
        var host = name.ToLowerInvariant();
        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, $"DELETE /api/tenants/{code}/domains/{host}", command: null);
        return await ordering.RemoveAsync(code, host, caller, request, context.RequestAborted);
    }

    private static async Task<IResult> ValidateAsync(
        HttpContext context, string code, string name, TenantStore tenants, DomainStore domains, DomainRecords records, DomainOrdering ordering)
    {
        var tenant = await TenantAsync(code, tenants, context.RequestAborted);
        var domain = await DomainAsync(tenant, name, domains, context.RequestAborted);
        await ordering.ValidateAsync(domain, context.Caller().Name, context.RequestAborted);
        return TypedResults.Accepted(JobLocation.Of(domain.JobId), Show(domain, tenant, records));
    }

    private static DomainView Show(Domain domain, Tenant tenant, DomainRecords records) => new()
    {
        Name = domain.Name,
        State = domain.State,
        Reason = domain.Reason is null ? null : JobSteps.Cut(domain.Reason),
        Job = domain.JobId,
        Instructions = records.Instruct(domain.Name, domain.Proof, tenant.Host),
        RequestedBy = domain.RequestedBy,
        CreatedAt = domain.CreatedAt,
        CheckedAt = domain.CheckedAt,
        ActivatedAt = domain.ActivatedAt,
    };

    private static async Task<Tenant> TenantAsync(string code, TenantStore tenants, CancellationToken cancellation) =>
        (Codes.IsPlausible(code) ? await tenants.FindAsync(code, cancellation) : null)
        ?? throw new ProblemException(ProblemFactory.NoSuchTenant);

    private static async Task<Domain> DomainAsync(Tenant tenant, string name, DomainStore domains, CancellationToken cancellation) =>
        (IsPlausible(name) ? await domains.FindAsync(tenant.Id, name.ToLowerInvariant(), cancellation) : null)
        ?? throw new ProblemException(ProblemFactory.NotFound($"Tenant '{tenant.Code}' has no such domain; GET /api/tenants/{tenant.Code}/domains lists them."));

    // Host names are longer than codes, and know no case.
    private static bool IsPlausible(string name) => name.Length <= 253 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.');
}
