using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable.Client;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Http;

/// <summary>Retries failed jobs, and makes orders again.</summary>
internal sealed class JobRetries(JobSteering steering, JobStore jobs, JobOrders orders, OrderReplay replay, DurableTaskClient client)
{
    /// <summary>Lets a failed job go on, or makes its order again; of one that was retried already, the job that did.</summary>
    /// <exception cref="ProblemException">It has not failed, or its order is refused.</exception>
    public async Task<Job> RetryAsync(HttpContext context, JobWish wish)
    {
        var cancellation = context.RequestAborted;
        if (await steering.TryRewindAsync(wish, cancellation) is { } goesOn)
        {
            return goesOn;
        }

        var failed = await RequireAsync(wish.JobId, cancellation);
        if (failed.RetriedBy is { } next)
        {
            return await RequireAsync(next, cancellation);
        }

        var order = await orders.FindAsync(failed.Id, cancellation) ?? KeptOrders.Of(failed)
            ?? throw new ProblemException(ProblemFactory.Conflict(
                "not-repeatable", "The order cannot be made again", $"Nobody ordered job '{failed.Id}' by the API: what started it ({failed.RequestedBy}) does so again by itself, or order it anew."));
        return await RequireAsync(await replay.SendAsync(context, order, new JobOrigin(failed.Id, JobActionKinds.Retry, wish.Who, wish.Reason)), cancellation);
    }

    /// <summary>Makes a job's order again with another command.</summary>
    /// <exception cref="ProblemException">It was not ordered by a command, or the command is refused.</exception>
    public async Task<Job> OrderAgainAsync(HttpContext context, JobWish wish, JsonElement input)
    {
        var cancellation = context.RequestAborted;
        var job = await RequireAsync(wish.JobId, cancellation);
        if (await orders.FindAsync(job.Id, cancellation) is not { } order || !replay.TakesCommand(order))
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "no-command", "The job was not ordered by a command", $"Job '{job.Id}' ({job.Kind}) has no command that could be edited: order it by the call that is made for it."));
        }

        try
        {
            var edited = order with { Command = Unhide(order.Command, input) };
            return await RequireAsync(await replay.SendAsync(context, edited, new JobOrigin(job.Id, JobActionKinds.Again, wish.Who, wish.Reason)), cancellation);
        }
        catch (ProblemException refused) when (refused.Problem.Errors is { } errors)
        {
            throw new ProblemException(refused.Problem with { Errors = errors.ToDictionary(e => $"input.{e.Key}", e => e.Value) });
        }
    }

    /// <summary>What a job was ordered with, without what is nobody's business.</summary>
    /// <exception cref="ProblemException">There is no such job, or nothing is known of its order any more.</exception>
    public async Task<JsonNode> ShowInputAsync(string id, CancellationToken cancellation)
    {
        var job = await RequireAsync(id, cancellation);
        var input = (await orders.FindAsync(id, cancellation))?.Command ?? (await client.GetStateAsync(job.Id, cancellation))?.SerializedInput;
        return input is null ? new JsonObject() : SecretText.Hide(JsonNode.Parse(input)) ?? new JsonObject();
    }

    // What was shown hidden and comes back untouched is what it was.
    private static string Unhide(string? kept, JsonElement input)
    {
        if (kept is null || input.ValueKind != JsonValueKind.Object)
        {
            return input.GetRawText();
        }

        var (whole, shown, edited) = (JsonNode.Parse(kept)!.AsObject(), SecretText.Hide(JsonNode.Parse(kept))!.AsObject(), JsonNode.Parse(input.GetRawText())!.AsObject());
        foreach (var (name, value) in whole.ToList())
        {
            if (edited.TryGetPropertyValue(name, out var given) && JsonNode.DeepEquals(given, shown[name]))
            {
                edited[name] = value?.DeepClone();
            }
        }

        return edited.ToJsonString(ApiJson.Options);
    }

    private async Task<Job> RequireAsync(string id, CancellationToken cancellation) =>
        await jobs.FindAsync(id, cancellation) ?? throw new ProblemException(ProblemFactory.NoSuchJob);
}
