using Bibind.WebConsole.Api;
using Bibind.WebConsole.Web;

namespace Bibind.WebConsole.Pages;

/// <summary>Jobs that ended long ago are forgotten: which, how many that would be, a confirmation with the number, and what came of it.</summary>
internal static class PurgePages
{
    private const string Role = "admin";
    private static readonly string[] Filters = ["endedBefore", "kind", "tenant"];

    public static Task<IResult> AskAsync(PageRequest request) => Task.FromResult<IResult>(request.View.May(Role)
        ? request.Page<PurgePage>(request.View.Words["Forget old jobs"], ("Filter", new Dictionary<string, string>()))
        : request.Problem(new ApiProblem(
            string.Empty, request.View.Words["Not allowed"], StatusCodes.Status403Forbidden, request.View.Words.Format("This needs the role {0}; yours is {1}.", Role, request.View.Caller.Role), TraceId: null)));

    public static async Task<IResult> PostAsync(PageRequest request)
    {
        var given = await Forms.ReadAsync(request.Context);
        var filter = Filters.Where(f => !string.IsNullOrWhiteSpace(given.GetValueOrDefault(f))).ToDictionary(f => f, f => given[f].Trim(), StringComparer.Ordinal);
        int? expected = int.TryParse(given.GetValueOrDefault("expected"), out var number) ? number : null;
        var body = filter.ToDictionary(f => f.Key, f => (object)(f.Key == "endedBefore" && f.Value.Length == "yyyy-MM-dd".Length ? $"{f.Value}T00:00:00Z" : f.Value));
        body["dryRun"] = expected is null;
        if (expected is { } confirmed)
        {
            body["expected"] = confirmed;
        }

        var answer = await request.Api.SendAsync<PurgeAnswer>(HttpMethod.Post, "/api/jobs/purge", body, ifMatch: null, key: null, request.Cancellation);
        return answer.IsGood || answer.Problem!.Status is 409 or 422 or 400
            ? request.Page<PurgePage>(
                (int)answer.Status, request.View.Words["Forget old jobs"], ("Filter", filter), ("Answer", answer.Value), ("IsDone", expected is not null && answer.IsGood), ("Problem", answer.Problem))
            : request.Problem(answer.Problem);
    }
}
