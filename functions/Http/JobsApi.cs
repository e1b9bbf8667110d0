using System.Globalization;
using System.Text.Json;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Http;

/// <summary><c>/api/jobs</c>.</summary>
internal static class JobsApi
{
    /// <summary>The longest text that is looked for.</summary>
    internal const int LongestText = 100;

    private static readonly QueryParameter Tenant = new("tenant", "Only jobs of the tenant with this code.");
    private static readonly QueryParameter State = new("state", "Only jobs in this state.", JobStates.All);
    private static readonly QueryParameter Kind = new("kind", "Only jobs of this kind.", [
        JobKinds.Provision, JobKinds.Destroy, JobKinds.CreateTemplate, JobKinds.BuildTemplateVersion, JobKinds.PromoteTemplateVersion,
        JobKinds.RetireTemplateVersion, JobKinds.Backup, JobKinds.FirstBackup, JobKinds.Restore, JobKinds.Resume,
        JobKinds.VerifyBackup, JobKinds.AddDomain, JobKinds.RemoveDomain, JobKinds.BuyDomain, JobKinds.AdoptDatabase, JobKinds.ResetCredentials,
        JobKinds.Move, JobKinds.RemoveMovedCopy, JobKinds.DrainServer, JobKinds.Upgrade, JobKinds.Rollout, JobKinds.ChangeModules, JobKinds.Suspend, JobKinds.ChangePlan, JobKinds.SupportAccess,
    ]);

    private static readonly QueryParameter From = new("from", "Only jobs that were ordered then or later: a day, or a moment in UTC.");
    private static readonly QueryParameter To = new("to", "Only jobs that were ordered before: a day, or a moment in UTC.");
    private static readonly QueryParameter Text = new(
        "text", "Only jobs with this in their id, subject, reason or who ordered them; looked for among the newest 20,000 that meet the other filters.");

    private static readonly QueryParameter MinDuration = new(
        "minDurationMs", "Only jobs that last as long, or longer; looked for among the newest 20,000 that meet the other filters.");

    internal static readonly IReadOnlyList<string> Kinds = Kind.Choices!;

    private static readonly QueryParameter Full = new(
        "full", "true: inputs and results whole, as a test that replays them needs them; otherwise texts are cut at 2,000 characters.", ["true", "false"]);

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/jobs").WithTags("jobs");
        jobs.MapGet("/", ListAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.Filtered).Describe("listJobs", "Lists jobs, newest first; they are counted up to 10,000")
            .TakesQuery(Tenant, State, Kind, From, To, Text, MinDuration, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<JobSummary>>();
        jobs.MapGet("/{id}", FindAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnJob).Describe("getJob", "Shows a job with its steps")
            .Answers<JobView>().Refuses(StatusCodes.Status404NotFound);
        jobs.MapGet("/{id}/history", HistoryAsync).NeedsRole(Role.Viewer).Describe("getJobHistory", "Shows every line of a job's history, oldest first")
            .TakesQuery(Full, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<JsonElement>>().Refuses(StatusCodes.Status404NotFound);
        jobs.MapGet("/{id}/steps/{number}", ShowStepAsync).NeedsRole(Role.Viewer).Describe("getJobStep", "Shows a step of a job with what it got and what it answered, without secrets")
            .Answers<JobStepView>().Refuses(StatusCodes.Status404NotFound);
        jobs.MapJobEvents();
        jobs.MapJobSteering();
        jobs.MapJobBulk();
        jobs.MapJobPurge();
    }

    private static async Task<IResult> ListAsync(HttpContext context, JobStore jobs, JobReader reader)
    {
        var query = new QueryReader(context);
        var state = query.Choice(State.Name);
        var filter = new JobFilter
        {
            TenantCode = query.Code(Tenant.Name),
            Kind = query.Choice(Kind.Name),
            From = query.Moment(From.Name),
            To = query.Moment(To.Name),
            Text = query.Words(Text.Name, LongestText),
            MinDuration = query.Number(MinDuration.Name, 0, 0, int.MaxValue) is > 0 and var milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null,
            Customer = context.Caller().Customer,
        };
        var page = Paging.Read(query);
        query.ThrowIfAny();

        if (state is not null && JobStates.Open.Contains(state))
        {
            var matching = await ListOpenAsync(state, filter, jobs, reader, context.RequestAborted);
            return TypedResults.Ok(new ListResponse<JobSummary>(
                [.. matching.Skip((page.Number - 1) * page.Size).Take(page.Size)], matching.Count, page.Number, page.Size));
        }

        var found = await jobs.ListAsync(filter with { Outcome = state }, page, context.RequestAborted);
        return TypedResults.Ok(new ListResponse<JobSummary>(
            await reader.SummariseAsync(found.Items, context.RequestAborted), found.Total, found.Number, found.Size));
    }

    /// <summary>Jobs in an open state. How far an open job is only the task hub knows, so all that are open are asked for; there are never many.</summary>
    internal static async Task<IReadOnlyList<JobSummary>> ListOpenAsync(
        string state, JobFilter filter, JobStore jobs, JobReader reader, CancellationToken cancellation)
    {
        var matching = new List<JobSummary>();
        Page<Job> open;
        var number = 0;
        do
        {
            open = await jobs.ListAsync(filter with { Open = true }, new PageRequest(++number, PageRequest.LargestSize), cancellation);
            matching.AddRange((await reader.SummariseAsync(open.Items, cancellation)).Where(job => job.State == state));
        }
        while (open.Items.Count == PageRequest.LargestSize);

        return matching;
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, JobReader reader, TimeProvider time)
    {
        var details = await reader.GetAsync(id, context.RequestAborted);
        if (context.Caller().Customer is not null)
        {
            // Who among the operators did what, and which of their jobs started it, is no customer's business.
            details = details with { Actions = [], Children = [], Job = details.Job with { Parent = null } };
            return TypedResults.Ok(JobViews.Show(details, time.GetUtcNow()) with { TraceId = null });
        }

        return TypedResults.Ok(JobViews.Show(details, time.GetUtcNow()));
    }

    private static async Task<IResult> ShowStepAsync(HttpContext context, string id, string number, JobReader reader, TimeProvider time)
    {
        new QueryReader(context).ThrowIfAny();
        var details = await reader.GetAsync(id, context.RequestAborted);
        var step = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var place) ? details.Step(place, time.GetUtcNow()) : null;
        return TypedResults.Ok(step ?? throw new ProblemException(ProblemFactory.NotFound("The job has no step of this number; GET /api/jobs/{id} lists them.")));
    }

    private static async Task<IResult> HistoryAsync(HttpContext context, string id, JobStore jobs, DurableTaskClient client)
    {
        var query = new QueryReader(context);
        var full = query.Flag(Full.Name, otherwise: false);
        var page = Paging.Read(query);
        query.ThrowIfAny();

        var job = (Codes.IsPlausible(id) ? await jobs.FindAsync(id, context.RequestAborted) : null) ?? throw new ProblemException(ProblemFactory.NoSuchJob);
        var history = await client.GetHistoryAsync(job.Id, context.RequestAborted);
        var shown = history.Skip((page.Number - 1) * page.Size).Take(page.Size).ToList();
        return TypedResults.Ok(new ListResponse<JsonElement>(JobHistory.Show(shown, full), history.Count, page.Number, page.Size));
    }
}
