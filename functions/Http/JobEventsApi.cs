using System.Globalization;
using System.Text;
using System.Text.Json;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.Features;

namespace Bibind.Functions.Http;

/// <summary>Follows a job: server-sent events, each with an id by which a caller who comes back goes on.</summary>
internal static class JobEventsApi
{
    private const string LastEventId = "Last-Event-ID";

    // An id says how much of a job was told: lines of its history, what people did to it, and whether it is closed.
    private const long IdsPerLine = 1000;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(10);

    public static void MapJobEvents(this RouteGroupBuilder jobs) =>
        jobs.MapGet("/{id}/events", FollowAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnJob)
            .Describe("followJob", "Follows a job by server-sent events: job, step and end, each with an id to go on from (Last-Event-ID)")
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream").Refuses(StatusCodes.Status400BadRequest, StatusCodes.Status404NotFound, StatusCodes.Status429TooManyRequests);

    private static async Task FollowAsync(HttpContext context, string id, JobReader reader, JobStreams streams, TimeProvider time)
    {
        new QueryReader(context).ThrowIfAny();
        var told = ReadLastId(context.Request);
        var first = await reader.GetAsync(id, context.RequestAborted);
        using var place = streams.TryEnter()
            ?? throw new ProblemException(ProblemFactory.TooMany("As many callers as may follow jobs here do so (Jobs__EventStreams): ask again, or look at the job from time to time.", SignOfLife));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, streams.Stopping);
        end.CancelAfter(streams.Limit);

        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            // How soon a caller whose answer has ended asks again, in milliseconds.
            await WriteAsync(context, "retry: 1000\n\n", end.Token);
            await TellAsync(context, first, told, streams.EndsWithNews, reader, time, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The caller has gone, or comes back.
        }
    }

    private static async Task TellAsync(HttpContext context, JobDetails details, long told, bool endsWithNews, JobReader reader, TimeProvider time, CancellationToken cancellation)
    {
        var known = Known(details, told, time.GetUtcNow());
        string? summary = null;
        var isLater = false;
        var lastWord = time.GetTimestamp();
        while (true)
        {
            var now = time.GetUtcNow();
            var view = JobViews.Show(details, now);
            var at = Math.Max(told, IdOf(details));
            var text = new StringBuilder();
            foreach (var (key, step) in Keyed(view.Steps).Where(s => known.GetValueOrDefault(s.Key) != Fingerprint(s.Step)))
            {
                known[key] = Fingerprint(step);
                Add(text, at, "step", JsonSerializer.Serialize(step, ApiJson.Options));
            }

            var shown = JobViews.Summarise(details.Job, details.Instance, JobSteps.NextAttempt(view.Steps), now);
            if (summary != Fingerprint(shown))
            {
                summary = Fingerprint(shown);
                Add(text, at, "job", JsonSerializer.Serialize(shown, ApiJson.Options));
            }

            // The job itself is told to everybody who comes, also to those who know it.
            var isNews = text.Length > 0 && (at > told || isLater);
            var hasEnded = details.Job.Outcome is not null;
            if (hasEnded)
            {
                Add(text, at, "end", JsonSerializer.Serialize(new { id = details.Job.Id, state = shown.State }, ApiJson.Options));
            }

            if (text.Length > 0 || time.GetElapsedTime(lastWord) > SignOfLife)
            {
                // A comment finds out whether the caller is still there.
                await WriteAsync(context, text.Length > 0 ? text.ToString() : ": \n\n", cancellation);
                lastWord = time.GetTimestamp();
                told = at;
            }

            if (hasEnded || (isNews && endsWithNews))
            {
                return;
            }

            isLater = true;
            await Task.Delay(Look, time, cancellation);
            details = await reader.FindAsync(details.Job.Id, cancellation) ?? details;
        }
    }

    // A history that became shorter was rewound: all of it is told again.
    private static Dictionary<string, string> Known(JobDetails details, long told, DateTimeOffset now) => told == 0 || told > IdOf(details)
        ? []
        : Keyed(details.StepsAfter((int)(told / IdsPerLine), now)).ToDictionary(s => s.Key, s => Fingerprint(s.Step));

    private static long IdOf(JobDetails details) =>
        ((details.History.Count + details.Undoing.Count) * IdsPerLine) + (2 * Math.Min(details.Actions.Count, 400)) + (details.Job.Outcome is null ? 1 : 2);

    private static IEnumerable<(string Key, JobStep Step)> Keyed(IReadOnlyList<JobStep> steps) =>
        steps.Select((step, index) => (string.Create(CultureInfo.InvariantCulture, $"{index} {step.Name}"), step));

    // What lasts lasts longer each time.
    private static string Fingerprint(JobStep step) => JsonSerializer.Serialize(step with { DurationMs = 0 }, ApiJson.Options);

    private static string Fingerprint(JobSummary summary) => JsonSerializer.Serialize(summary with { DurationMs = 0 }, ApiJson.Options);

    private static void Add(StringBuilder text, long id, string name, string data) =>
        text.Append("id: ").Append(id).Append("\nevent: ").Append(name).Append("\ndata: ").Append(data).Append("\n\n");

    private static long ReadLastId(HttpRequest request)
    {
        var values = request.Headers[LastEventId];
        if (values.Count == 0)
        {
            return 0;
        }

        return values is [{ } text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new ProblemException(ProblemFactory.Unreadable($"The header {LastEventId} must be the id of an event of this job, a whole number."));
    }

    private static async Task WriteAsync(HttpContext context, string text, CancellationToken cancellation)
    {
        await context.Response.WriteAsync(text, cancellation);
        await context.Response.Body.FlushAsync(cancellation);
    }
}
