using System.Text.Json;
using Bibind.ControlPlane;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Bibind.Functions.Http;

/// <summary>What the calls about offers and those about plans have in common.</summary>
/// <param name="Word">What one is called: <c>offer</c> or <c>plan</c>.</param>
/// <param name="Store">Where they are.</param>
/// <param name="Show">As people see one.</param>
internal sealed record CatalogueApi<TItem, TFields, TView>(string Word, Func<IServiceProvider, VersionedCatalogue<TItem, TFields>> Store, Func<TItem, TView> Show)
    where TItem : class, TFields, ICatalogueItem
    where TFields : class
{
    private const string Added = "added";

    private static readonly QueryParameter Active = new("active", "true: only those that new orders may name; false: only those that are closed.", ["true", "false"]);
    private static readonly QueryParameter Reason = new("reason", "Why, in words; recorded. Needed.");

    /// <summary>Maps everything but adding and changing, which have commands of their own.</summary>
    public RouteGroupBuilder Map(IEndpointRouteBuilder routes)
    {
        var name = char.ToUpperInvariant(Word[0]) + Word[1..];
        var group = routes.MapGroup($"/api/{Word}s").WithTags($"{Word}s");
        group.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe($"list{name}s", $"Lists the {Word}s in their newest version")
            .TakesQuery(Active, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TView>>();
        group.MapGet("/{code}", FindAsync).NeedsRole(Role.Viewer).Describe($"get{name}", $"Shows {Article} {Word} in its newest version")
            .Answers<TView>().Refuses(StatusCodes.Status404NotFound);
        group.MapGet("/{code}/versions", ListVersionsAsync).NeedsRole(Role.Viewer)
            .Describe($"list{name}Versions", $"Lists all versions of {Article} {Word} with who made them, when and why, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TView>>().Refuses(StatusCodes.Status404NotFound);
        group.MapDelete("/{code}", RemoveAsync).NeedsRole(Role.Admin)
            .Describe($"remove{name}", $"Removes {Article} {Word} that no tenant has; its versions stay on record")
            .TakesQuery(Reason).TakesIfMatch(isRequired: false).Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        return group;
    }

    /// <summary>Adds one, once for an idempotency key.</summary>
    public async Task<IResult> CreateAsync(
        HttpContext context, object command, string code, string? reason, Func<UnitOfWork, string, string, Task<CatalogueResult<TItem>>> create)
    {
        var request = CommandRequest.Of(context, IdempotencyKey.Read(context.Request), $"POST /api/{Word}s", command);
        var response = await context.RequestServices.GetRequiredService<CommandTransaction>().RunAsync(
            request,
            async work => new AcceptedOrder($"/api/{Word}s/{code}", Show(Done(await create(work, context.Caller().Name, reason ?? Added)))!) { Status = StatusCodes.Status201Created },
            context.RequestAborted);

        // What is new is version 1, at a repetition too.
        EntityTag.Show(context, "1");
        return response;
    }

    /// <summary>Changes one: reads the command over what is there, and makes the next version.</summary>
    /// <param name="context">The request, with its command.</param>
    /// <param name="code">Of what.</param>
    /// <param name="apply">What it is to be; by the command and the names of the members that it has.</param>
    /// <param name="check">What is wrong with that, by field.</param>
    /// <param name="neverNull">Members that cannot be emptied.</param>
    public async Task<IResult> ChangeAsync<TCommand>(
        HttpContext context, string code, Func<TCommand, TItem, IReadOnlySet<string>, TFields> apply, Func<TFields, IReadOnlyDictionary<string, string[]>> check,
        IReadOnlyList<string> neverNull)
        where TCommand : class, IRecordedChange
    {
        var store = Store(context.RequestServices);
        var item = await GetAsync(context, code);
        using var body = await CommandReader.ReadJsonAsync(context);
        var given = body.RootElement.EnumerateObject().Select(JsonWords.NameOf).ToHashSet(StringComparer.Ordinal);
        var nulls = body.RootElement.EnumerateObject().Where(m => m.Value.ValueKind == JsonValueKind.Null).Select(JsonWords.NameOf).ToHashSet(StringComparer.Ordinal);
        var command = await CommandReader.ReadAsync<TCommand>(body.RootElement, new FieldErrors(), (command, _) => Task.FromResult(FindWrong(command, item)));
        var expected = EntityTag.ReadExpected(context);

        // If another change came in between, and the caller takes whatever there is, what is left out is as it is then.
        var changed = Done(await store.ChangeAsync(
            item.Code, expected, now => apply(command, now, given), context.Caller().Name, command.Reason, context.RequestAborted));
        return Answer(context, changed);

        IReadOnlyDictionary<string, string[]> FindWrong(TCommand command, TItem item)
        {
            var errors = new FieldErrors();
            foreach (var field in neverNull.Where(nulls.Contains))
            {
                errors.Add(field, "must not be null: leave it out if it stays");
            }

            RecordedReason.Add(errors, command.Reason);

            errors.AddFurther(check(apply(command, item, given)));
            return errors.ToDictionary();
        }
    }

    private async Task<IResult> ListAsync(HttpContext context, CancellationToken cancellation)
    {
        var query = new QueryReader(context);
        var active = query.Choice(Active.Name);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(
            await Store(context.RequestServices).ListAsync(active is null ? null : active == "true", page, cancellation), Show));
    }

    private async Task<IResult> FindAsync(HttpContext context, string code) => Answer(context, await GetAsync(context, code));

    private async Task<IResult> ListVersionsAsync(HttpContext context, string code)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var versions = Codes.IsPlausible(code) ? await Store(context.RequestServices).ListVersionsAsync(code, page, context.RequestAborted) : null;
        return versions is { Total: > 0 } ? TypedResults.Ok(Paging.Show(versions, Show)) : throw new ProblemException(NotFound());
    }

    private async Task<IResult> RemoveAsync(HttpContext context, string code)
    {
        var query = new QueryReader(context);
        var reason = query.Words(Reason.Name, RecordedReason.Longest);
        query.ThrowIfAny();
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]> { [Reason.Name] = ["is missing: say why it is removed; it is recorded"] }));
        }

        var item = await GetAsync(context, code);
        Done(await Store(context.RequestServices).RemoveAsync(
            item.Code, EntityTag.ReadExpected(context), context.Caller().Name, reason, context.RequestAborted));
        return TypedResults.NoContent();
    }

    private async Task<TItem> GetAsync(HttpContext context, string code) =>
        (Codes.IsPlausible(code) ? await Store(context.RequestServices).FindAsync(code, context.RequestAborted) : null) ?? throw new ProblemException(NotFound());

    private Ok<TView> Answer(HttpContext context, TItem item)
    {
        EntityTag.Show(context, item.Tag);
        return TypedResults.Ok(Show(item));
    }

    private TItem Done(CatalogueResult<TItem> result) => result switch
    {
        CatalogueResult<TItem>.Done done => done.Item,
        CatalogueResult<TItem>.NotFound => throw new ProblemException(NotFound()),
        CatalogueResult<TItem>.Stale stale => throw new ProblemException(
            EntityTag.Stale($"The {Word} '{stale.Item.Code}'", stale.Item.Tag)),
        CatalogueResult<TItem>.InUse used => throw new ProblemException(ProblemFactory.Conflict($"{Word}-in-use", $"The {Word} is in use", used.Message)),
        CatalogueResult<TItem>.Taken taken => throw new ProblemException(
            ProblemFactory.Conflict($"{Word}-code-taken", $"The {Word} exists already", taken.Message, "code")),
        CatalogueResult<TItem>.Unknown unknown => throw new ProblemException(ProblemFactory.Invalid(unknown.Errors)),
        _ => throw new InvalidOperationException($"A change cannot end as {result.GetType().Name}."),
    };

    private Problem NotFound() => ProblemFactory.NotFound($"There is no {Word} with this code; GET /api/{Word}s lists them.");

    private string Article => Word[0] is 'o' ? "an" : "a";
}

/// <summary>A command whose reason is recorded.</summary>
internal interface IRecordedChange
{
    string Reason { get; }
}
