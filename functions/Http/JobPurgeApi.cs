using Bibind.ControlPlane;
using Bibind.ControlPlane.Jobs;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>An order to forget jobs.</summary>
public sealed record PurgeJobs
{
    /// <summary>Only jobs that ended before.</summary>
    public required DateTimeOffset EndedBefore { get; init; }

    /// <summary>Only jobs of this kind.</summary>
    public string? Kind { get; init; }

    /// <summary>Only jobs of the tenant with this code.</summary>
    public string? Tenant { get; init; }

    /// <summary>How many jobs that are: what a call with <c>dryRun</c> answered. Left out only there.</summary>
    public int? Expected { get; init; }

    /// <summary>True: nothing is forgotten, and how many jobs match is answered.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What was forgotten.</summary>
/// <param name="Matched">Jobs that match, a thousand at most.</param>
/// <param name="Purged">Jobs that were forgotten.</param>
public sealed record JobsPurged(int Matched, int Purged);

/// <summary>Forgets jobs: <c>POST /api/jobs/purge</c>.</summary>
internal static class JobPurgeApi
{
    /// <summary>One call forgets no more.</summary>
    internal const int MostJobs = 1000;

    public static void MapJobPurge(this RouteGroupBuilder jobs) =>
        jobs.MapPost("/purge", PurgeAsync).NeedsRole(Role.Admin)
            .Describe("purgeJobs", "Forgets jobs that have ended, with their histories: up to 1,000 a call, those that ended first")
            .Takes<PurgeJobs>().Answers<JobsPurged>().Refuses(StatusCodes.Status409Conflict);

    private static async Task<IResult> PurgeAsync(HttpContext context, JobPurging purging)
    {
        var command = await CommandReader.ReadAsync<PurgeJobs>(context, (given, _) => Task.FromResult(FindWrong(given)));
        var purge = new JobPurge { EndedBefore = command.EndedBefore, Kind = command.Kind, TenantCode = command.Tenant };
        var found = await purging.FindAsync(purge, MostJobs, context.RequestAborted);
        if (command.DryRun)
        {
            return TypedResults.Ok(new JobsPurged(found.Count, 0));
        }

        return found.Count == command.Expected
            ? TypedResults.Ok(new JobsPurged(found.Count, await purging.ForgetAsync(found, context.RequestAborted)))
            : throw new ProblemException(ProblemFactory.Conflict(
                "other-count", "Another number of jobs matches", $"{PlainText.Count(found.Count, "job")} match now, and {command.Expected} were expected: look again. Nothing was forgotten.", "expected"));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(PurgeJobs given)
    {
        var errors = new FieldErrors();
        JobFields.CheckMoment(errors, "endedBefore", given.EndedBefore);
        JobFields.CheckKind(errors, "kind", given.Kind);
        JobFields.CheckTenant(errors, "tenant", given.Tenant);
        if (given.Expected is < 0 or > MostJobs || given is { Expected: null, DryRun: false })
        {
            errors.Add("expected", $"must be a number of jobs, 0 to {MostJobs:N0}; a call with dryRun answers it");
        }

        return errors.ToDictionary();
    }
}
