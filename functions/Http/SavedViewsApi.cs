using Bibind.ControlPlane;
using Bibind.ControlPlane.Views;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.WebConsole.Web;

namespace Bibind.Functions.Http;

/// <summary>A view to be kept.</summary>
public sealed record SaveView
{
    /// <summary>The address of a list of the console below the host, such as <c>/console/jobs?state=failed</c>; at most 2,000 characters.</summary>
    public required string Path { get; init; }
}

/// <summary>A list of the console, filtered as whoever asks wants to see it again.</summary>
/// <param name="Name">As they call it.</param>
/// <param name="Path">Its address below the host.</param>
/// <param name="SavedAt">When it was kept, or changed last.</param>
public sealed record SavedViewView(string Name, string Path, DateTimeOffset SavedAt)
{
    internal static SavedViewView Of(SavedView view) => new(view.Name, view.Path, view.SavedAt);
}

/// <summary><c>/api/views</c>: the views of the console that whoever asks keeps; nobody sees another's.</summary>
internal static class SavedViewsApi
{
    private const int LongestName = 60;

    public static void MapSavedViews(this IEndpointRouteBuilder routes)
    {
        var views = routes.MapGroup("/api/views").WithTags("views").NeedsRole(Role.Viewer);
        views.MapGet("/", ListAsync).Describe("listViews", "Lists the views of the console that you keep, by name, all in one answer").TakesQuery().Answers<ListResponse<SavedViewView>>();
        views.MapPut("/{name}", KeepAsync).Describe("saveView", "Keeps a view of the console under a name, or gives that name another address").Takes<SaveView>()
            .Answers<SavedViewView>().Refuses(StatusCodes.Status409Conflict);
        views.MapDelete("/{name}", ForgetAsync).Describe("deleteView", "Forgets a view of the console").Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, SavedViewStore store)
    {
        new QueryReader(context).ThrowIfAny();
        return TypedResults.Ok(Paging.ShowAll(await store.ListAsync(context.Caller().Id, context.RequestAborted), SavedViewView.Of));
    }

    private static async Task<IResult> KeepAsync(HttpContext context, string name, SavedViewStore store)
    {
        var command = await CommandReader.ReadAsync<SaveView>(context, (given, _) => Task.FromResult(FindWrong(name, given)));
        var kept = await store.KeepAsync(context.Caller().Id, name, command.Path, context.RequestAborted)
            ?? throw new ProblemException(ProblemFactory.Conflict(
                "too-many-views", "You keep as many views as one may", $"Nobody keeps more than {SavedViewStore.Most}: delete one that you do not need any more.", "name"));
        return TypedResults.Ok(SavedViewView.Of(kept));
    }

    private static async Task<IResult> ForgetAsync(HttpContext context, string name, SavedViewStore store) =>
        await store.ForgetAsync(context.Caller().Id, name, context.RequestAborted)
            ? TypedResults.NoContent()
            : throw new ProblemException(ProblemFactory.NotFound("You keep no view of this name; GET /api/views lists them."));

    // An escaped slash stays escaped in the segment of an address.
    private static bool HasSlash(string name) => name.Contains('/', StringComparison.Ordinal) || name.Contains("%2f", StringComparison.OrdinalIgnoreCase);

    private static IReadOnlyDictionary<string, string[]> FindWrong(string name, SaveView given)
    {
        var errors = new FieldErrors();
        if (name.Trim().Length is 0 || name.Length > LongestName || PlainText.ProblemWith(name, mayHaveLines: false) is not null || HasSlash(name))
        {
            errors.Add("name", $"must be 1 to {LongestName} printable characters without a slash");
        }

        if (given.Path is { } path && !ConsoleLists.IsAddress(path))
        {
            errors.Add("path", $"must be the address of a list of the console, with or without filters, at most {ConsoleLists.LongestAddress:N0} characters: {string.Join(", ", ConsoleLists.Paths)}");
        }

        return errors.ToDictionary();
    }
}
