using System.Collections.Concurrent;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Jobs;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>What is done to many jobs.</summary>
public sealed record SteerJobs
{
    /// <summary><c>retry</c>, <c>cancel</c>, <c>pause</c>, <c>resume</c>, <c>run-now</c> or <c>fail-now</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Which jobs; something must be said.</summary>
    public required JobSelection Filter { get; init; }

    /// <summary>How many jobs that are: what a call with <c>dryRun</c> answered. Left out only there.</summary>
    public int? Expected { get; init; }

    /// <summary>True: nothing is done, and how many jobs match is answered.</summary>
    public bool DryRun { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded with each job.</summary>
    public string? Reason { get; init; }
}

/// <summary>Which jobs; as the list's filters.</summary>
public sealed record JobSelection
{
    public string? State { get; init; }
    public string? Kind { get; init; }

    /// <summary>A tenant's code.</summary>
    public string? Tenant { get; init; }

    /// <summary>Ordered then or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Ordered before.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>In id, subject, reason or who ordered it.</summary>
    public string? Text { get; init; }
}

/// <summary>What came of it.</summary>
/// <param name="Matched">Jobs that the filter matches.</param>
/// <param name="Accepted">Jobs that it was done to.</param>
/// <param name="Refused">Those to which it could not be done.</param>
public sealed record JobsSteered(int Matched, int Accepted, IReadOnlyList<JobRefusal> Refused);

/// <summary>A job to which something could not be done.</summary>
/// <param name="Job">Its id.</param>
/// <param name="Reason">Why.</param>
public sealed record JobRefusal(string Job, string Reason);

/// <summary>Steers many jobs at once: <c>POST /api/jobs/bulk</c>.</summary>
internal static class JobBulkApi
{
    /// <summary>One call does no more.</summary>
    private const int MostJobs = 1000;
    private const int AtOnce = 4;

    public static void MapJobBulk(this RouteGroupBuilder jobs) =>
        jobs.MapPost("/bulk", SteerAsync).NeedsRole(Role.Manager)
            .Describe("steerJobs", "Does the same to all jobs that a filter matches, up to 1,000; how many they are must be said, and dryRun answers it")
            .Takes<SteerJobs>().Answers<JobsSteered>().Refuses(StatusCodes.Status409Conflict);

    private static async Task<IResult> SteerAsync(HttpContext context, JobStore jobs, JobReader reader, JobActionDispatcher dispatcher)
    {
        var command = await CommandReader.ReadAsync<SteerJobs>(context, (given, _) => Task.FromResult(FindWrong(given)));
        var cancellation = context.RequestAborted;
        var matched = await MatchAsync(command, jobs, reader, cancellation);
        if (matched.Count > MostJobs)
        {
            throw new ProblemException(ProblemFactory.Invalid("filter", $"must match {MostJobs:N0} jobs at most, and matches more: narrow it, such as by from and to"));
        }

        if (command.DryRun)
        {
            return TypedResults.Ok(new JobsSteered(matched.Count, 0, []));
        }

        if (matched.Count != command.Expected)
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "other-count", "Another number of jobs matches", $"{PlainText.Count(matched.Count, "job")} match now, and {command.Expected} were expected: look again, and say the number that is meant. Nothing was done.", "expected"));
        }

        var accepted = 0;
        var refused = new ConcurrentBag<JobRefusal>();
        await Parallel.ForEachAsync(matched, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (id, _) =>
        {
            try
            {
                await dispatcher.DoAsync(context, command.Action, new JobWish(id, context.Caller().Name, command.Reason));
                Interlocked.Increment(ref accepted);
            }
            catch (ProblemException problem)
            {
                refused.Add(new JobRefusal(id, problem.Problem.Detail));
            }
        });
        return TypedResults.Ok(new JobsSteered(matched.Count, accepted, [.. refused.OrderBy(r => r.Job, StringComparer.Ordinal)]));
    }

    // One more than may be is enough to know that there are too many.
    private static async Task<IReadOnlyList<string>> MatchAsync(SteerJobs command, JobStore jobs, JobReader reader, CancellationToken cancellation)
    {
        var wanted = command.Filter;
        var filter = new JobFilter
        {
            Kind = wanted.Kind,
            TenantCode = wanted.Tenant,
            From = wanted.From,
            To = wanted.To,
            Text = wanted.Text,

            // Whoever repeats the call means those that are left.
            NotRetried = command.Action == JobActionKinds.Retry,
        };
        if (wanted.State is { } state && JobStates.Open.Contains(state))
        {
            return [.. (await JobsApi.ListOpenAsync(state, filter, jobs, reader, cancellation)).Select(j => j.Id)];
        }

        var matched = new List<string>();
        Page<Job> page;
        var number = 0;
        do
        {
            page = await jobs.ListAsync(filter with { Outcome = wanted.State }, new PageRequest(++number, PageRequest.LargestSize), cancellation);
            matched.AddRange(page.Items.Select(j => j.Id));
        }
        while (page.Items.Count == PageRequest.LargestSize && matched.Count <= MostJobs);

        return matched;
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(SteerJobs given)
    {
        var errors = new FieldErrors();
        if (given.Action is null || !JobActionKinds.Bulk.Contains(given.Action))
        {
            errors.Add("action", $"must be one of {string.Join(", ", JobActionKinds.Bulk)}");
        }

        if (given.Expected is < 0 or > MostJobs)
        {
            errors.Add("expected", $"must be a number of jobs, 0 to {MostJobs:N0}");
        }
        else if (given is { Expected: null, DryRun: false })
        {
            errors.Add("expected", "must be given: how many jobs are meant; a call with dryRun answers it");
        }

        if (given.Filter is { } filter)
        {
            AddWrong(errors, filter);
        }

        return RecordedReason.With(errors.ToDictionary(), given.Reason);
    }

    private static void AddWrong(FieldErrors errors, JobSelection filter)
    {
        if (filter == new JobSelection())
        {
            errors.Add("filter", "must say something: state, kind, tenant, from, to or text");
        }

        if (filter.State is { } state && !JobStates.All.Contains(state))
        {
            errors.Add("filter.state", $"must be one of {string.Join(", ", JobStates.All)}");
        }

        JobFields.CheckKind(errors, "filter.kind", filter.Kind);
        JobFields.CheckTenant(errors, "filter.tenant", filter.Tenant);
        JobFields.CheckMoment(errors, "filter.from", filter.From);
        JobFields.CheckMoment(errors, "filter.to", filter.To);
        if (filter.Text is { } text && (text.Length is 0 or > JobsApi.LongestText || PlainText.ProblemWith(text, mayHaveLines: false) is not null))
        {
            errors.Add("filter.text", $"must be 1 to {JobsApi.LongestText} characters that can be seen");
        }
    }
}
