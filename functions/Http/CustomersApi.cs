using System.Globalization;
using System.Text.RegularExpressions;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Customers;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Bibind.Functions.Http;

/// <summary>A change of a customer. What is left out stays; null empties.</summary>
public sealed record ChangeCustomer
{
    public string? Name { get; init; }

    /// <summary>Where notices go; null: to the address that each tenant was ordered with.</summary>
    public string? Email { get; init; }

    /// <summary>Such as <c>fr</c> or <c>fr_FR</c>; null: that of each tenant.</summary>
    public string? Language { get; init; }
}

/// <summary>Who pays.</summary>
/// <param name="Code">As tokens and tenants name it.</param>
/// <param name="Name">For people; null until somebody says it.</param>
/// <param name="Email">Where notices go; null: to the address that each tenant was ordered with.</param>
/// <param name="Language">Null: that of each tenant.</param>
/// <param name="Tenants">Tenants that live.</param>
/// <param name="ChangedBy">Who described it last.</param>
/// <param name="ChangedAt">UTC.</param>
public sealed record CustomerView(string Code, string? Name, string? Email, string? Language, long Tenants, string? ChangedBy, DateTimeOffset? ChangedAt)
{
    /// <summary>From a row.</summary>
    public static CustomerView Of(Customer customer)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return new CustomerView(customer.Code, customer.Name, customer.Email, customer.Language, customer.Tenants, customer.ChangedBy, customer.ChangedAt);
    }
}

/// <summary><c>/api/customers</c>.</summary>
internal static partial class CustomersApi
{
    private const int LongestName = 200;
    private static readonly QueryParameter Search = new("search", "Only customers whose code, name or e-mail address holds this.");
    private static readonly QueryParameter State = new("state", "Only tenants in this state.", TenantStates.All);
    private static readonly QueryParameter SubscriptionState = new("state", "Only subscriptions in this state.", SubscriptionStates.All);

    public static void MapCustomers(this IEndpointRouteBuilder routes)
    {
        var customers = routes.MapGroup("/api/customers").WithTags("customers");
        customers.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listCustomers", "Lists customers by their codes: those that were described and those that tenants name")
            .TakesQuery(Search, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<CustomerView>>();
        customers.MapGet("/{code}", FindAsync).NeedsRole(Role.Viewer).Describe("getCustomer", "Shows a customer").Answers<CustomerView>().Refuses(StatusCodes.Status404NotFound);
        customers.MapPatch("/{code}", ChangeAsync).NeedsRole(Role.Manager)
            .Describe("changeCustomer", "Says how a customer is called, where notices go and in which language")
            .Takes<ChangeCustomer>().TakesIfMatch(isRequired: true).Answers<CustomerView>().Refuses(StatusCodes.Status404NotFound);
        customers.MapGet("/{code}/tenants", ListTenantsAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnCustomer).Describe("listCustomerTenants", "Lists the tenants of a customer, newest first")
            .TakesQuery(State, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TenantView>>().Refuses(StatusCodes.Status404NotFound);
        customers.MapGet("/{code}/subscriptions", ListSubscriptionsAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnCustomer)
            .Describe("listCustomerSubscriptions", "Lists the subscriptions of a customer's tenants, newest first")
            .TakesQuery(SubscriptionState, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<SubscriptionView>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, CustomerStore store)
    {
        var query = new QueryReader(context);
        var search = query.Words(Search.Name, LongestName);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await store.ListAsync(search, page, context.RequestAborted), CustomerView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, CustomerStore store) => Answer(context, await GetAsync(code, store, context.RequestAborted));

    private static async Task<IResult> ChangeAsync(HttpContext context, string code, CustomerStore store, ILogger<CustomerStore> logger)
    {
        using var body = await CommandReader.ReadJsonAsync(context);
        var command = await CommandReader.ReadAsync<ChangeCustomer>(body.RootElement, new FieldErrors(), (given, _) => Task.FromResult(FindWrong(given)));
        var expected = EntityTag.ReadExpected(context);
        var customer = await GetAsync(code, store, context.RequestAborted);
        var isGiven = body.RootElement.EnumerateObject().Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        var changed = customer with
        {
            Name = isGiven.Contains("name") ? command.Name : customer.Name,
            Email = isGiven.Contains("email") ? command.Email : customer.Email,
            Language = isGiven.Contains("language") ? command.Language : customer.Language,
        };
        if ((expected is not null && !expected.Contains(VersionOf(customer))) || !await store.ChangeAsync(changed, context.Caller().Name, context.RequestAborted))
        {
            throw new ProblemException(EntityTag.Stale($"Customer '{code}'", VersionOf(await GetAsync(code, store, context.RequestAborted))));
        }

        Logs.CustomerChanged(logger, context.Caller().Name, code, string.Join(", ", isGiven));
        return Answer(context, await GetAsync(code, store, context.RequestAborted));
    }

    private static async Task<IResult> ListTenantsAsync(HttpContext context, string code, CustomerStore store, TenantStore tenants, PendingItems pending)
    {
        var query = new QueryReader(context);
        var filter = new TenantFilter { State = query.Choice(State.Name), Customer = code };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        await RequireAsync(context, code, store);
        var found = await tenants.ListAsync(filter, page, context.RequestAborted);
        var items = await pending.OfAsync([.. found.Items.Select(t => t.Id)], context.RequestAborted);
        return TypedResults.Ok(Paging.Show(found, tenant => TenantView.Of(tenant, items[tenant.Id])));
    }

    private static async Task<IResult> ListSubscriptionsAsync(HttpContext context, string code, CustomerStore store, SubscriptionViews subscriptions)
    {
        var query = new QueryReader(context);
        var filter = new SubscriptionFilter { State = query.Choice(SubscriptionState.Name), Customer = code };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        await RequireAsync(context, code, store);
        return TypedResults.Ok(Paging.Show(await subscriptions.ListAsync(filter, page, context.RequestAborted), SubscriptionView.Of));
    }

    // A customer who has nothing yet is one all the same: their token says so.
    private static async Task RequireAsync(HttpContext context, string code, CustomerStore store)
    {
        if (context.Caller().Customer != code)
        {
            await GetAsync(code, store, context.RequestAborted);
        }
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(ChangeCustomer command)
    {
        var errors = new FieldErrors();
        if (command.Name is { } name && (string.IsNullOrWhiteSpace(name) || name.Length > LongestName || PlainText.ProblemWith(name, mayHaveLines: false) is not null))
        {
            errors.Add("name", $"must be 1 to {LongestName} characters in one line");
        }

        if (command.Email is { } email && EmailAddress.Read(email, out var problem) is null)
        {
            errors.Add("email", problem!);
        }

        if (command.Language is { } language && !Language().IsMatch(language))
        {
            errors.Add("language", "must be a language such as fr or fr_FR");
        }

        return errors.ToDictionary();
    }

    private static async Task<Customer> GetAsync(string code, CustomerStore store, CancellationToken cancellationToken) =>
        (CustomerCodes.IsWellFormed(code) ? await store.FindAsync(code, cancellationToken) : null)
        ?? throw new ProblemException(ProblemFactory.NoSuchCustomer);

    private static Ok<CustomerView> Answer(HttpContext context, Customer customer)
    {
        EntityTag.Show(context, VersionOf(customer));
        return TypedResults.Ok(CustomerView.Of(customer));
    }

    private static string VersionOf(Customer customer) => customer.Version.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A[a-z]{2,3}(_[A-Z]{2})?\z")]
    private static partial Regex Language();
}
