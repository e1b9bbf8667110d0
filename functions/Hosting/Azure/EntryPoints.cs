using Bibind.Functions.Queues;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using QueueMessage = Azure.Storage.Queues.Models.QueueMessage;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>The methods that the Functions host knows: one for each kind of trigger; which function is meant, the call says.</summary>
public static class EntryPoints
{
    internal const string MessageParameter = "message";
    private const string Type = "Bibind.Functions.Hosting.Azure.EntryPoints.";
    internal const string Http = Type + nameof(HttpAsync);
    internal const string Queue = Type + nameof(QueueAsync);
    internal const string Timer = Type + nameof(TimerAsync);

    /// <summary>Answers an HTTP request.</summary>
    public static async Task HttpAsync(FunctionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var http = context.GetHttpContext()!;
        var held = HeldRequests.Of(http);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, context.CancellationToken);
        http.RequestAborted = cancelled.Token;
        try
        {
            await context.InstanceServices.GetRequiredService<HttpPipeline>().RunAsync(http);
        }
        catch (Exception failure)
        {
            // The answer had begun, so all that can be told is that it is not whole.
            Logs.AnswerBroken(LoggerOf(context), context.FunctionDefinition.Name, failure);
            http.Abort();
        }
        finally
        {
            held.Release();
        }
    }

    /// <summary>Handles a message; what is thrown has the host deliver it again after <c>queues.visibilityTimeout</c> of <c>host.json</c>.</summary>
    public static async Task QueueAsync([QueueTrigger("any")] QueueMessage message, FunctionContext context)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(context);
        var services = context.InstanceServices;
        var function = services.GetRequiredService<FunctionDeclarations>().Queues.Single(q => q.Name == context.FunctionDefinition.Name);
        using var invocation = services.GetRequiredService<RunningInvocations>().Begin(context.CancellationToken);
        var received = new Triggers.QueueMessage(message.MessageId, message.MessageText, (int)Math.Min(message.DequeueCount, int.MaxValue));
        switch (await RunAsync(context, function, received, invocation.Token))
        {
            case QueueOutcome.DeadLettered(var reason):
                await services.GetRequiredService<HostedQueues>().DeadLetterAsync(function.Queue, received, reason, invocation.Token);
                break;
            case QueueOutcome.Retried(_, var reason):
                throw new MessageRetriedException(
                    $"{function.Name}: message {received.Id}, attempt {received.Attempt}: {reason ?? "it failed; the log of this function has the reason"}");
        }
    }

    /// <summary>Runs a timer for the moment of its schedule that has come.</summary>
    public static async Task TimerAsync(FunctionContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var services = context.InstanceServices;
        var function = services.GetRequiredService<FunctionDeclarations>().Timers.Single(t => t.Name == context.FunctionDefinition.Name);
        using var invocation = services.GetRequiredService<RunningInvocations>().Begin(context.CancellationToken);
        // The host does not say which moment it is for; the declared schedule does. The host may be early by a little.
        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var due = new CronSchedule(function.Schedule).LatestUntil(now.AddSeconds(1)) ?? now;
        if (await services.GetRequiredService<FunctionRunner>().RunAsync(function, new TimerTick(function.Name, due), deadline: null, invocation.Token))
        {
            Logging.Logs.TimerRan(LoggerOf(context), function.Name, due);
        }
    }

    private static async Task<QueueOutcome> RunAsync(FunctionContext context, QueueFunction function, Triggers.QueueMessage message, CancellationToken cancellationToken)
    {
        try
        {
            return await context.InstanceServices.GetRequiredService<FunctionRunner>().RunAsync(function, message, deadline: null, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            Logging.Logs.QueueFunctionFailed(LoggerOf(context), function.Name, message.Id, message.Attempt, failure);
            return QueueOutcome.Retry();
        }
    }

    private static ILogger LoggerOf(FunctionContext context) => context.InstanceServices.GetRequiredService<ILogger<DeclaredFunctions>>();
}

/// <summary>A message is to be delivered again; the words are for the host's log.</summary>
internal sealed class MessageRetriedException(string message) : Exception(message);
