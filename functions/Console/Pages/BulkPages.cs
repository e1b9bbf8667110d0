using Bibind.WebConsole.Api;
using Bibind.WebConsole.Web;

namespace Bibind.WebConsole.Pages;

/// <summary>The same for many jobs: how many that would be, a confirmation with the number, and what came of it.</summary>
internal static class BulkPages
{
    private static readonly string[] Filters = ["state", "kind", "tenant", "from", "to", "text"];

    public static IReadOnlyList<string> Actions { get; } = ["retry", "run-now", "fail-now", "pause", "resume", "cancel"];

    public static async Task<IResult> PostAsync(PageRequest request)
    {
        var given = await Forms.ReadAsync(request.Context);
        var action = given.GetValueOrDefault("action") ?? string.Empty;
        var filter = Filters.Where(f => !string.IsNullOrWhiteSpace(given.GetValueOrDefault(f))).ToDictionary(f => f, f => given[f], StringComparer.Ordinal);
        int? expected = int.TryParse(given.GetValueOrDefault("expected"), out var number) ? number : null;
        var answer = await request.Api.SendAsync<BulkAnswer>(
            HttpMethod.Post, "/api/jobs/bulk",
            new Dictionary<string, object?>
            {
                ["action"] = action,
                ["filter"] = filter.ToDictionary(f => f.Key, f => f.Key is "from" or "to" && f.Value.Length == "yyyy-MM-dd".Length ? $"{f.Value}T00:00:00Z" : f.Value),
                ["expected"] = expected,
                ["dryRun"] = expected is null,
                ["reason"] = given.GetValueOrDefault("reason") is { Length: > 0 } reason ? reason : null,
            }.Where(m => m.Value is not null).ToDictionary(m => m.Key, m => m.Value),
            ifMatch: null, key: null, request.Cancellation);
        return answer.IsGood || answer.Problem!.Status is 409 or 422 or 400
            ? request.Page<BulkPage>(
                (int)answer.Status, request.View.Words["Many jobs"], ("Action", action), ("Filter", filter), ("Answer", answer.Value), ("IsDone", expected is not null && answer.IsGood), ("Problem", answer.Problem))
            : request.Problem(answer.Problem);
    }
}
