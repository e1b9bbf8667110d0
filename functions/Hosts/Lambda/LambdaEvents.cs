using System.Globalization;
using System.Text.Json;
using Bibind.Functions.Queues;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Hosts.Lambda;

/// <summary>An event that no function here takes.</summary>
internal sealed class UnknownEventException(string message) : Exception(message);

/// <summary>Queue and timer events of AWS.</summary>
internal sealed class LambdaEvents(FunctionDeclarations functions, FunctionRunner runner, HostedQueues deliveries, TimeProvider time, ILogger<LambdaEvents> logger)
{
    private const string Sqs = "aws:sqs";
    private const string Fifo = ".fifo";

    /// <summary>Handles an event that is no HTTP request; answers what is told to AWS.</summary>
    /// <exception cref="UnknownEventException">No function takes it.</exception>
    public async Task<object> HandleAsync(JsonElement @event, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        if (@event.Member("Records") is { ValueKind: JsonValueKind.Array } records)
        {
            return await HandleBatchAsync(records, deadline, cancellationToken);
        }

        var (name, scheduledFor) = ReadTimer(@event);
        var timer = functions.Timers.FirstOrDefault(t => string.Equals(t.Name, name, StringComparison.OrdinalIgnoreCase))
            ?? throw new UnknownEventException($"There is no timer '{name}'; there are {string.Join(", ", functions.Timers.Select(t => t.Name))}.");
        // The moment that the schedule meant: a rule may fire up to a minute late.
        var due = new CronSchedule(timer.Schedule).LatestUntil(scheduledFor.AddSeconds(1)) ?? scheduledFor;
        return new { ran = await runner.RunAsync(timer, new TimerTick(timer.Name, due), deadline, cancellationToken) };
    }

    // {"bibind": {"timer": "…", "scheduledFor": "…"}} is what our schedules send; a rule of EventBridge names itself.
    private (string Name, DateTimeOffset ScheduledFor) ReadTimer(JsonElement @event)
    {
        if (@event.Member("bibind") is { ValueKind: JsonValueKind.Object } ours)
        {
            return (ours.Member("timer").ToString(), Time(ours.Member("scheduledFor"), "bibind.scheduledFor"));
        }

        if (@event.Member("detail-type") is { ValueKind: JsonValueKind.String } type && type.ValueEquals("Scheduled Event"))
        {
            var rule = @event.Member("resources") is { ValueKind: JsonValueKind.Array } resources && resources.GetArrayLength() > 0
                ? resources[0].ToString() : string.Empty;
            var timer = functions.Timers.FirstOrDefault(t => IsNamed(rule, t.Name))
                ?? throw new UnknownEventException($"The rule '{rule}' belongs to no timer: its name must end with that of one of {string.Join(", ", functions.Timers.Select(t => t.Name))}.");
            return (timer.Name, Time(@event.Member("time"), "time"));
        }

        throw new UnknownEventException(
            "The event is neither an HTTP request (payload 2.0), nor a batch of SQS messages, nor a scheduled event, nor {\"bibind\": {\"timer\": …, \"scheduledFor\": …}}.");
    }

    private DateTimeOffset Time(JsonElement element, string field)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return time.GetUtcNow();
        }

        return DateTimeOffset.TryParse(element.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : throw new UnknownEventException($"{field} is '{element}', which is no time such as 2026-01-01T10:00:00Z.");
    }

    private async Task<object> HandleBatchAsync(JsonElement records, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        var deliveries = records.EnumerateArray().Select(Read).ToArray();
        var failed = new List<string>();
        if (Array.Exists(deliveries, d => d.IsFifo))
        {
            // In a queue that keeps its order, nothing may overtake what failed.
            var done = 0;
            while (done < deliveries.Length && await HandleAsync(deliveries[done], deadline, cancellationToken))
            {
                done++;
            }

            failed.AddRange(deliveries.Skip(done).Select(d => d.Message.Id));
        }
        else
        {
            var handled = await Task.WhenAll(deliveries.Select(d => HandleAsync(d, deadline, cancellationToken)));
            failed.AddRange(deliveries.Where((_, i) => !handled[i]).Select(d => d.Message.Id));
        }

        return new { batchItemFailures = failed.Select(id => new { itemIdentifier = id }) };
    }

    private Delivery Read(JsonElement record)
    {
        var id = record.Member("messageId").ToString();
        if (record.Member("eventSource") is not { ValueKind: JsonValueKind.String } source || !source.ValueEquals(Sqs) || id.Length == 0)
        {
            throw new UnknownEventException($"A record of '{record.Member("eventSource")}' is not understood here; only those of {Sqs} with a messageId are.");
        }

        var queue = record.Member("eventSourceARN").ToString();
        var isFifo = queue.EndsWith(Fifo, StringComparison.Ordinal);
        var name = isFifo ? queue[..^Fifo.Length] : queue;
        var function = functions.Queues.FirstOrDefault(q => IsNamed(name, q.Queue))
            ?? throw new UnknownEventException($"The queue '{queue}' belongs to no function: its name must end with that of one of {string.Join(", ", functions.Queues.Select(q => q.Queue))}.");
        var attempt = TolerantJson.Number(record.Member("attributes").Member("ApproximateReceiveCount")) ?? 1;
        return new Delivery(
            function, new QueueMessage(id, record.Member("body").ToString(), attempt), record.Member("receiptHandle").ToString(), isFifo);
    }

    // Only what is done counts as done: whatever else happens, the message comes again.
    private async Task<bool> HandleAsync(Delivery delivery, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        var (function, message, receipt, _) = delivery;
        try
        {
            switch (await runner.RunAsync(function, message, deadline, cancellationToken))
            {
                case QueueOutcome.DeadLettered(var reason):
                    await deliveries.DeadLetterAsync(function.Queue, message, reason, cancellationToken);
                    return true;
                case QueueOutcome.Retried(var delay, _):
                    await deliveries.HideAsync(function.Queue, message, receipt, delay, cancellationToken);
                    return false;
                default:
                    return true;
            }
        }
        catch (Exception failure)
        {
            Logs.QueueFunctionFailed(logger, function.Name, message.Id, message.Attempt, failure);
            return false;
        }
    }

    // Deployments put their own name and a hyphen before ours.
    private static bool IsNamed(string arn, string name)
    {
        var last = arn[(arn.LastIndexOfAny([':', '/']) + 1)..];
        return last.Equals(name, StringComparison.OrdinalIgnoreCase) || last.EndsWith($"-{name}", StringComparison.OrdinalIgnoreCase);
    }

    private sealed record Delivery(QueueFunction Function, QueueMessage Message, string Receipt, bool IsFifo);
}
