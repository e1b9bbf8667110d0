using System.Text.Json;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A change of a tenant. What is left out stays; null empties, and gives a limit back to the plan.</summary>
public sealed record ChangeTenant
{
    internal static readonly string[] Limits = ["maxUsers", "maxStorageBytes"];

    /// <summary>As the control plane and letters show it; what the application shows is set there.</summary>
    public string? Name { get; init; }

    /// <summary>The person who has the tenant.</summary>
    public string? CustomerName { get; init; }

    /// <summary>Where notices go unless the customer has an address; the standard user's login stays as it is.</summary>
    public string? CustomerEmail { get; init; }

    /// <summary>Internal users that it may have, whatever its plan says; null: what the plan says. Operators only.</summary>
    public int? MaxUsers { get; init; }

    /// <summary>Bytes that it may store, database and files together, whatever its plan says; null: what the plan says. Operators only.</summary>
    public long? MaxStorageBytes { get; init; }

    /// <summary>When it may be closed without being asked; null: at any time.</summary>
    public TimeWindow? MaintenanceWindow { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded.</summary>
    public string? Reason { get; init; }

    internal TenantFields ApplyTo(TenantFields tenant, IReadOnlySet<string> given) => new()
    {
        Name = Name ?? tenant.Name,
        CustomerName = given.Contains("customerName") ? CustomerName : tenant.CustomerName,
        CustomerEmail = given.Contains("customerEmail") ? CustomerEmail : tenant.CustomerEmail,
        MaxUsers = given.Contains("maxUsers") ? MaxUsers : tenant.MaxUsers,
        MaxStorageBytes = given.Contains("maxStorageBytes") ? MaxStorageBytes : tenant.MaxStorageBytes,
        MaintenanceWindow = given.Contains("maintenanceWindow") ? MaintenanceWindow?.Read() : tenant.MaintenanceWindow,
    };

    internal IReadOnlyDictionary<string, string[]> FindWrong(TenantFields tenant, IReadOnlySet<string> given, IReadOnlySet<string> nulls, bool isCustomers)
    {
        var errors = new FieldErrors();
        if (nulls.Contains("name"))
        {
            errors.Add("name", "must not be null: leave it out if it stays");
        }

        foreach (var field in Limits.Where(f => isCustomers && given.Contains(f)))
        {
            errors.Add(field, "must be left out: only the provider changes limits");
        }

        MaintenanceWindow?.Check("maintenanceWindow", errors);

        // What was valid before and stays is not asked about, nor can a window be read that is not one.
        var others = given.Where(f => f != "maintenanceWindow").ToHashSet(StringComparer.Ordinal);
        errors.AddFurther(TenantFields.FindWrong(ApplyTo(tenant, others)).Where(e => given.Contains(e.Key)).ToDictionary(e => e.Key, e => e.Value));
        return RecordedReason.With(errors.ToDictionary(), Reason);
    }
}

/// <summary>A change that was made.</summary>
/// <param name="ChangedBy">Who.</param>
/// <param name="Reason">Why, where that was said.</param>
/// <param name="ChangedAt">When, UTC.</param>
/// <param name="Changes">By field: what it was (<c>from</c>) and what it is (<c>to</c>).</param>
public sealed record TenantChangeView(string ChangedBy, string? Reason, DateTimeOffset ChangedAt, JsonElement Changes)
{
    /// <summary>From a row.</summary>
    public static TenantChangeView Of(TenantChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new TenantChangeView(change.ChangedBy, change.Reason, change.ChangedAt, JsonElement.Parse(change.Changes));
    }
}

/// <summary>Changes of <c>/api/tenants/{code}</c> that need no job, and their record.</summary>
internal static class TenantChangesApi
{
    public static void MapTenantChanges(this RouteGroupBuilder tenants)
    {
        tenants.MapPatch("/{code}", ChangeAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("changeTenant", "Changes a tenant's name, the person who has it, its limits and its maintenance window")
            .Takes<ChangeTenant>().TakesIfMatch(isRequired: true).Answers<TenantView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenants.MapGet("/{code}/changes", ListAsync).NeedsRole(Role.Viewer)
            .Describe("listTenantChanges", "Lists who changed what of a tenant and why, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TenantChangeView>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, string code, TenantStore tenants, TenantChanges changes, PendingItems pending)
    {
        var customer = context.Caller().Customer;
        using var body = await CommandReader.ReadJsonAsync(context);
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        var fields = TenantFields.Of(tenant);
        var given = body.RootElement.EnumerateObject().Select(JsonWords.NameOf).ToHashSet(StringComparer.Ordinal);
        var nulls = body.RootElement.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.Null).Select(JsonWords.NameOf).ToHashSet(StringComparer.Ordinal);
        var command = await CommandReader.ReadAsync<ChangeTenant>(
            body.RootElement, new FieldErrors(), (command, _) => Task.FromResult(command.FindWrong(fields, given, nulls, customer is not null)));
        if (EntityTag.ReadExpected(context) is { } expected && !expected.Contains(TenantsApi.VersionOf(tenant)))
        {
            throw new ProblemException(EntityTag.Stale($"Tenant '{code}'", TenantsApi.VersionOf(tenant)));
        }

        return await changes.ChangeAsync(tenant, command.ApplyTo(fields, given), context.Caller().Name, command.Reason, customer, context.RequestAborted) switch
        {
            TenantChangeResult.Done(var changed) => await TenantsApi.AnswerAsync(context, changed, pending),
            TenantChangeResult.Stale(var other) => throw new ProblemException(EntityTag.Stale($"Tenant '{code}'", TenantsApi.VersionOf(other))),
            TenantChangeResult.Ended(var state) => throw new ProblemException(ProblemFactory.Conflict(
                "tenant-state", "The tenant has ended", $"Tenant '{code}' is {state}: nothing of it is changed any more.")),
            _ => throw new ProblemException(ProblemFactory.NoSuchTenant),
        };
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, TenantStore tenants, TenantChanges changes)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var tenant = await TenantsApi.GetAsync(code, tenants, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(await changes.ListAsync(tenant.Id, page, context.RequestAborted), TenantChangeView.Of));
    }
}
