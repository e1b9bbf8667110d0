using System.Text.Json;
using Bibind.ControlPlane.Jobs;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>What is done to a job.</summary>
public sealed record SteerJob
{
    /// <summary>Why, in words, at most 500 characters; recorded with the job.</summary>
    public string? Reason { get; init; }
}

/// <summary>An order to be made again.</summary>
public sealed record OrderJobAgain
{
    /// <summary>The command, edited; GET /api/jobs/{id}/input shows the former one. What was hidden there and comes back untouched is what it was.</summary>
    public required JsonElement Input { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded with the job.</summary>
    public string? Reason { get; init; }
}

/// <summary>Steers jobs: <c>/api/jobs/{id}/…</c>.</summary>
internal static class JobSteeringApi
{
    public static void MapJobSteering(this RouteGroupBuilder jobs)
    {
        Map(JobActionKinds.Cancel, "cancelJob", "Ends a job and undoes what it did; the proof is on the job");
        Map(JobActionKinds.RunNow, "runJobNow", "Lets a job wait no longer for its next attempt, or for any other time");
        Map(JobActionKinds.FailNow, "failJobNow", "Does not let a job try its waiting steps again: they fail with their last errors, and the job does what it does after a failure");
        Map(JobActionKinds.Pause, "pauseJob", "Lets a job wait until it is resumed: a step that is under way ends, no other begins");
        Map(JobActionKinds.Resume, "resumeJob", "Lets a paused job go on");
        Map(JobActionKinds.Retry, "retryJob", "Lets a failed job go on from the step that failed; what had been undone is ordered again, as a new job");
        jobs.MapPost("/{id}/again", AgainAsync).NeedsRole(Role.Manager)
            .Describe("orderJobAgain", "Makes a job's order again with an edited command, as a new job; needs the role that the order needs")
            .Takes<OrderJobAgain>().Answers<JobSummary>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        jobs.MapGet("/{id}/input", InputAsync).NeedsRole(Role.Viewer).Describe("getJobInput", "Shows what a job was ordered with, without secrets")
            .Answers<JsonElement>().Refuses(StatusCodes.Status404NotFound);

        void Map(string action, string name, string summary) =>
            jobs.MapPost($"/{{id}}/{action}", (HttpContext context, string id, JobActionDispatcher dispatcher, JobReader reader) => SteerAsync(context, id, action, dispatcher, reader))
                .NeedsRole(Role.Manager).Describe(name, summary)
                .TakesPerhaps<SteerJob>().Answers<JobSummary>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> AgainAsync(HttpContext context, string id, JobRetries retries, JobReader reader)
    {
        var command = await CommandReader.ReadAsync<OrderJobAgain>(
            context, (given, _) => Task.FromResult(RecordedReason.With(new Dictionary<string, string[]>(), given.Reason)));
        Require(id);
        var job = await retries.OrderAgainAsync(context, new JobWish(id, context.Caller().Name, command.Reason), command.Input);
        return await AcceptedAsync(job, reader, context.RequestAborted);
    }

    private static async Task<IResult> InputAsync(HttpContext context, string id, JobRetries retries)
    {
        Require(id);
        return TypedResults.Ok(await retries.ShowInputAsync(id, context.RequestAborted));
    }

    private static void Require(string id)
    {
        if (!Codes.IsPlausible(id))
        {
            throw new ProblemException(ProblemFactory.NoSuchJob);
        }
    }

    private static async Task<IResult> SteerAsync(HttpContext context, string id, string action, JobActionDispatcher dispatcher, JobReader reader)
    {
        var command = CommandReader.HasBody(context)
            ? await CommandReader.ReadAsync<SteerJob>(context, (given, _) => Task.FromResult(RecordedReason.With(new Dictionary<string, string[]>(), given.Reason)))
            : null;
        Require(id);
        var job = await dispatcher.DoAsync(context, action, new JobWish(id, context.Caller().Name, command?.Reason));
        return await AcceptedAsync(job, reader, context.RequestAborted);
    }

    /// <summary>202 with the job, and where it is found.</summary>
    internal static async Task<IResult> AcceptedAsync(Job job, JobReader reader, CancellationToken cancellation) =>
        TypedResults.Accepted(JobLocation.Of(job.Id), (await reader.SummariseAsync([job], cancellation))[0]);
}
