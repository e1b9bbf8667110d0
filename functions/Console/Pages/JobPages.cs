using System.Text.Json;
using Bibind.WebConsole.Api;

namespace Bibind.WebConsole.Pages;

/// <summary>The jobs, and one with its steps.</summary>
internal static class JobPages
{
    /// <summary>What a list of jobs can be narrowed by.</summary>
    public static string[] Filters { get; } = ["state", "kind", "tenant", "from", "to", "text", "minDurationMs"];

    public static async Task<IResult> ListAsync(PageRequest request)
    {
        var jobs = await request.ListAsync<Job>("/api/jobs", Filters);

        // A filter that is not understood is shown beside the filters, not instead of them.
        return jobs.IsGood || jobs.Problem!.Status == StatusCodes.Status400BadRequest
            ? request.Page<JobsPage>((int)jobs.Status, request.View.Words["Jobs"], ("Jobs", jobs.Value ?? new ListOf<Job>()), ("Problem", jobs.Problem))
            : request.Problem(jobs.Problem!);
    }

    public static async Task<IResult> ShowAsync(PageRequest request)
    {
        var id = (string)request.Context.GetRouteValue("id")!;
        var path = $"/api/jobs/{Uri.EscapeDataString(id)}";
        var job = await request.GetAsync<Job>(path);
        if (!job.IsGood)
        {
            return request.Problem(job.Problem!);
        }

        var history = request.View.Asked("view") == "events"
            ? (await request.Api.ListAsync<JsonElement>($"{path}/history?pageSize=200&page={Number(request.View.Asked("page"))}", request.Cancellation)).Value
            : null;
        return request.Page<JobPage>($"{job.Value!.Subject} · {request.View.Words.Code(job.Value.Kind)}", ("Job", job.Value), ("History", history));
    }

    public static async Task<IResult> ShowStepAsync(PageRequest request)
    {
        var route = request.Context.Request.RouteValues;
        var id = (string)route["id"]!;
        var step = await request.GetAsync<JobStepData>($"/api/jobs/{Uri.EscapeDataString(id)}/steps/{Uri.EscapeDataString((string)route["number"]!)}");
        return step.IsGood ? request.Page<JobStepPage>($"{step.Value!.Step.Name} · {id}", ("Id", id), ("Data", step.Value)) : request.Problem(step.Problem!);
    }

    private static int Number(string? page) => int.TryParse(page, out var number) && number > 0 ? number : 1;
}
