using System.Text.Json;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Http;

/// <summary><c>/api/jobs</c>.</summary>
internal static class JobsApi
{
    private static readonly QueryParameter Tenant = new("tenant", "Only jobs of the tenant with this code.");
    private static readonly QueryParameter State = new("state", "Only jobs in this state.", JobStates.All);
    private static readonly QueryParameter Kind = new("kind", "Only jobs of this kind.", [
        JobKinds.Provision, JobKinds.Destroy, JobKinds.CreateTemplate, JobKinds.BuildTemplateVersion, JobKinds.PromoteTemplateVersion,
        JobKinds.RetireTemplateVersion, JobKinds.Backup, JobKinds.FirstBackup, JobKinds.Restore, JobKinds.Resume,
        JobKinds.VerifyBackup, JobKinds.AddDomain, JobKinds.RemoveDomain, JobKinds.BuyDomain, JobKinds.AdoptDatabase, JobKinds.ResetCredentials,
        JobKinds.Move, JobKinds.RemoveMovedCopy, JobKinds.DrainServer, JobKinds.Upgrade, JobKinds.Rollout, JobKinds.ChangeModules,
    ]);

    private static readonly QueryParameter Full = new(
        "full", "true: inputs and results whole, as a test that replays them needs them; otherwise texts are cut at 2,000 characters.", ["true", "false"]);

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/api/jobs").WithTags("jobs");
        jobs.MapGet("/", ListAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.Filtered).Describe("listJobs", "Lists jobs, newest first")
            .TakesQuery(Tenant, State, Kind, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<JobSummary>>();
        jobs.MapGet("/{id}", FindAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnJob).Describe("getJob", "Shows a job with its steps")
            .Answers<JobView>().Refuses(StatusCodes.Status404NotFound);
        jobs.MapGet("/{id}/history", HistoryAsync).NeedsRole(Role.Viewer).Describe("getJobHistory", "Shows every line of a job's history, oldest first")
            .TakesQuery(Full, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<JsonElement>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, JobStore jobs, DurableTaskClient client, TimeProvider time)
    {
        var query = new QueryReader(context);
        var state = query.Choice(State.Name);
        var filter = new JobFilter { TenantCode = query.Code(Tenant.Name), Kind = query.Choice(Kind.Name), Customer = context.Caller().Customer };
        var page = Paging.Read(query);
        query.ThrowIfAny();

        var now = time.GetUtcNow();
        if (state is not null && JobStates.Open.Contains(state))
        {
            return TypedResults.Ok(await ListOpenAsync(state, filter, page, jobs, client, now, context.RequestAborted));
        }

        var found = await jobs.ListAsync(filter with { Outcome = state }, page, context.RequestAborted);
        var instances = await InstancesAsync(found.Items, client, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(found, job => JobViews.Summarise(job, instances.GetValueOrDefault(job.Id), now)));
    }

    // How far an open job is only the task hub knows, so all that are open are asked for; there are never many.
    private static async Task<ListResponse<JobSummary>> ListOpenAsync(
        string state, JobFilter filter, PageRequest page, JobStore jobs, DurableTaskClient client, DateTimeOffset now, CancellationToken cancellation)
    {
        var matching = new List<JobSummary>();
        Page<Job> open;
        var number = 0;
        do
        {
            open = await jobs.ListAsync(filter with { Open = true }, new PageRequest(++number, PageRequest.LargestSize), cancellation);
            var instances = await InstancesAsync(open.Items, client, cancellation);
            matching.AddRange(open.Items.Select(job => JobViews.Summarise(job, instances.GetValueOrDefault(job.Id), now)).Where(job => job.State == state));
        }
        while (open.Items.Count == PageRequest.LargestSize);

        return new ListResponse<JobSummary>(
            [.. matching.Skip((page.Number - 1) * page.Size).Take(page.Size)], matching.Count, page.Number, page.Size);
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, JobStore jobs, DurableTaskClient client, TimeProvider time)
    {
        var job = await RequireAsync(id, jobs, context.RequestAborted);
        var instance = await client.GetStateAsync(job.Id, context.RequestAborted);
        if (job.Outcome is null && instance is { IsCompleted: true })
        {
            // It was closed between the two looks; its result and reason are in the row now.
            job = await RequireAsync(id, jobs, context.RequestAborted);
        }

        var history = instance is null ? [] : await client.GetHistoryAsync(job.Id, context.RequestAborted);
        return TypedResults.Ok(JobViews.Show(job, instance, history, time.GetUtcNow()));
    }

    private static async Task<IResult> HistoryAsync(HttpContext context, string id, JobStore jobs, DurableTaskClient client)
    {
        var query = new QueryReader(context);
        var full = query.Flag(Full.Name, otherwise: false);
        var page = Paging.Read(query);
        query.ThrowIfAny();

        var job = await RequireAsync(id, jobs, context.RequestAborted);
        var history = await client.GetHistoryAsync(job.Id, context.RequestAborted);
        var shown = history.Skip((page.Number - 1) * page.Size).Take(page.Size).ToList();
        return TypedResults.Ok(new ListResponse<JsonElement>(JobHistory.Show(shown, full), history.Count, page.Number, page.Size));
    }

    private static async Task<Job> RequireAsync(string id, JobStore jobs, CancellationToken cancellation) =>
        (Codes.IsPlausible(id) ? await jobs.FindAsync(id, cancellation) : null)
        ?? throw new ProblemException(ProblemFactory.NotFound("There is no job with this id; GET /api/jobs lists them."));

    private static async Task<IReadOnlyDictionary<string, OrchestrationState>> InstancesAsync(
        IReadOnlyList<Job> jobs, DurableTaskClient client, CancellationToken cancellation) =>
        jobs.Count == 0
            ? new Dictionary<string, OrchestrationState>()
            : await client.GetStatesAsync([.. jobs.Select(j => j.Id)], cancellation);
}
