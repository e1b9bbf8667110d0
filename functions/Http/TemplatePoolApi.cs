using Bibind.ControlPlane.Pools;
using Bibind.ControlPlane.Templates;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A change of a template on a server.</summary>
public sealed record ChangeTemplate
{
    /// <summary>Ready clones to keep, 0 to 100.</summary>
    public required int WarmPoolSize { get; init; }

    /// <summary>Why; recorded with the changes of the server.</summary>
    public required string Reason { get; init; }
}

/// <summary>How the pool of a template on a server stands.</summary>
/// <param name="Wanted">Ready clones that are wanted.</param>
/// <param name="Ready">Clones that an order can take now.</param>
/// <param name="Filling">Clones that are being made.</param>
/// <param name="Draining">Clones that are to be dropped.</param>
/// <param name="Bytes">What its clones take on the disk.</param>
/// <param name="Hits">Orders that took a ready clone.</param>
/// <param name="Misses">Orders that found none ready.</param>
/// <param name="Held">Why it is not filled now; null if nothing keeps it from being filled.</param>
public sealed record TemplatePoolView(int Wanted, int Ready, int Filling, int Draining, long Bytes, long Hits, long Misses, string? Held)
{
    /// <summary>From a row; null where there is none.</summary>
    public static TemplatePoolView? Of(WarmPoolView? pool) => pool is null
        ? null
        : new TemplatePoolView(pool.Wanted, pool.Ready, pool.Filling, pool.Draining, pool.Bytes, pool.Hits, pool.Misses, pool.Held);
}

/// <summary>The pool of one of a server's templates.</summary>
/// <param name="Template">The template's code.</param>
/// <param name="Pool">How it stands.</param>
public sealed record ServerPoolView(string Template, TemplatePoolView Pool);

/// <summary>Changes of <c>/api/templates/{code}</c>.</summary>
internal static class TemplatePoolApi
{
    private const int Largest = 100;
    private static readonly QueryParameter Server = new("server", "Code of the server; may be left out where one server alone has the template.");

    public static void MapTemplatePools(this RouteGroupBuilder templates) =>
        templates.MapPatch("/{code}", ChangeAsync).NeedsRole(Role.Admin)
            .Describe("changeTemplate", "Sets how many ready clones of a template a server keeps")
            .TakesQuery(Server).Takes<ChangeTemplate>().TakesIfMatch(isRequired: true).Answers<TemplateView>().Refuses(StatusCodes.Status404NotFound);

    /// <summary>The templates with their pools.</summary>
    internal static async Task<Func<Template, TemplateView>> ViewsAsync(WarmPoolViews pools, string? server, CancellationToken cancellation)
    {
        var byTemplate = (await pools.ListAsync(server, wantedOnly: false, cancellation)).ToDictionary(p => p.TemplateId);
        return template => TemplateView.Of(template) with { Pool = TemplatePoolView.Of(byTemplate.GetValueOrDefault(template.Id)) };
    }

    /// <summary>The pools that a server keeps.</summary>
    internal static async Task<IReadOnlyList<ServerPoolView>> OfServerAsync(WarmPoolViews pools, string server, CancellationToken cancellation) =>
        [.. (await pools.ListAsync(server, wantedOnly: true, cancellation)).Select(p => new ServerPoolView(p.TemplateCode, TemplatePoolView.Of(p)!))];

    private static async Task<IResult> ChangeAsync(HttpContext context, string code, TemplateStore templates, TemplatePoolSizes sizes, WarmPoolViews pools)
    {
        var query = new QueryReader(context);
        var filter = new TemplateFilter { ServerCode = query.Code(Server.Name), Code = code };
        query.ThrowIfAny();
        var command = await CommandReader.ReadAsync<ChangeTemplate>(context, (given, _) => Task.FromResult(FindWrong(given)));
        var found = Codes.IsPlausible(code) ? await templates.ListAsync(filter, context.RequestAborted) : [];
        if (found.Count == 0)
        {
            throw NotFound();
        }

        if (found.Count > 1)
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]>
            {
                [Server.Name] = [$"is needed, for several servers have the template: {string.Join(", ", found.Select(t => t.ServerCode))}"],
            }));
        }

        var result = await sizes.SetAsync(
            found[0].ServerCode, code, EntityTag.ReadExpected(context), command.WarmPoolSize, context.Caller().Name, command.Reason, context.RequestAborted);
        var changed = result switch
        {
            PoolSizeResult.Done done => done.Template,
            PoolSizeResult.Stale stale => throw new ProblemException(
                EntityTag.Stale($"Template '{code}' on server '{stale.Template.ServerCode}'", stale.Template.PoolVersion)),
            _ => throw NotFound(),
        };
        EntityTag.Show(context, changed.PoolVersion);
        return TypedResults.Ok((await ViewsAsync(pools, changed.ServerCode, context.RequestAborted))(changed));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(ChangeTemplate command)
    {
        var errors = new FieldErrors();
        if (command.WarmPoolSize is < 0 or > Largest)
        {
            errors.Add("warmPoolSize", $"must be 0 to {Largest}");
        }

        RecordedReason.Add(errors, command.Reason);

        return errors.ToDictionary();
    }

    private static ProblemException NotFound() => new(ProblemFactory.NotFound("There is no template with this code on such a server; GET /api/templates lists them."));
}
