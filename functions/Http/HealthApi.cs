using Bibind.Functions.Health;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Startup;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Bibind.Functions.Http;

/// <summary>How the host is.</summary>
/// <param name="Status"><c>live</c>, <c>ready</c> or <c>not-ready</c>.</param>
/// <param name="Checks">Each thing it needs: <c>ok</c>, or what is missing.</param>
/// <param name="Version">Which version of the program runs.</param>
public sealed record HealthResponse(string Status, IReadOnlyDictionary<string, string> Checks, string Version);

/// <summary><c>/health</c>: for whoever runs the host.</summary>
internal static class HealthApi
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", Live).WithTags("health").Describe("live", "Says that the process runs").Answers<HealthResponse>().WithMetadata(new Probe(), new NeedsNoDatabase());
        routes.MapGet("/health/ready", ReadyAsync).WithTags("health").Describe("ready", "Says whether orders can be taken and worked on")
            .Answers<HealthResponse>().Answers<HealthResponse>(StatusCodes.Status503ServiceUnavailable).WithMetadata(new Probe(), new NeedsNoDatabase());
    }

    private static JsonHttpResult<HealthResponse> Live() => TypedResults.Json(new HealthResponse("live", new Dictionary<string, string>(), ProgramVersion.Text), ApiJson.Options);

    private static async Task<IResult> ReadyAsync(HttpContext context, IEnumerable<IReadinessCheck> checks, ConnectionPools pools, ILogger<HealthResponse> logger)
    {
        var results = await Task.WhenAll(checks.Select(c => RunAsync(c, pools, logger, context.RequestAborted)));
        var ready = results.All(r => r.Fault is null || r.IsWarning);
        return TypedResults.Json(
            new HealthResponse(ready ? "ready" : "not-ready", results.ToDictionary(r => r.Name, r => r.Fault ?? "ok", StringComparer.Ordinal), ProgramVersion.Text),
            ApiJson.Options,
            statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    // A connection that had ended while it lay in the pool says nothing about the database; the next one does.
    private static async Task<string?> FindFaultAsync(IReadinessCheck check, ConnectionPools pools, CancellationToken cancellation)
    {
        try
        {
            return await check.FindFaultAsync(cancellation);
        }
        catch (Exception exception) when (TransientDatabaseError.Is(exception))
        {
            pools.ClearIdle();
            return await check.FindFaultAsync(cancellation);
        }
    }

    // The answer is open to everybody, so an exception's words stay in the log.
    private static async Task<(string Name, string? Fault, bool IsWarning)> RunAsync(IReadinessCheck check, ConnectionPools pools, ILogger logger, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        try
        {
            return (check.Name, await FindFaultAsync(check, pools, limit.Token), check.IsWarning);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (check.Name, $"No answer within {Limit.TotalSeconds:0} seconds.", check.IsWarning);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            if (TransientDatabaseError.Is(failure))
            {
                Logs.NotReadyForDatabase(logger, check.Name, TransientDatabaseError.ReasonOf(failure));
            }
            else
            {
                Logs.NotReady(logger, check.Name, failure);
            }

            return (check.Name, "Does not answer.", check.IsWarning);
        }
    }
}
