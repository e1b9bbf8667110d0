using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Callers;

/// <summary>Tells the caller how its job ended.</summary>
public sealed class NotifyCaller(CallbackClient callbacks, ILogger<NotifyCaller> logger) : TaskActivity<CallerNotice, StepOutcome>
{
    /// <inheritdoc/>
    public override async Task<StepOutcome> RunAsync(TaskActivityContext context, CallerNotice notice)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(notice);
        if (!Uri.TryCreate(notice.CallbackUrl, UriKind.Absolute, out var target))
        {
            return new StepOutcome(false, "The caller was not told: its callback is no absolute URL.");
        }

        // An incoming webhook's path, query and user name can each be the secret that lets one in: only the host is shown.
        var caller = target.Authority;
        try
        {
            var status = (int)await callbacks.PostAsync(
                target,
                new { job = notice.JobId, tenant = notice.Code, state = notice.State, baseUrl = notice.BaseUrl, reason = notice.Reason },
                context.CancellationToken);
            logger.CallerAnswered(caller, notice.JobId, status);
            return status switch
            {
                < 300 => new StepOutcome(true),
                < 400 => new StepOutcome(false, $"The caller at {caller} answered {status}; redirects are not followed."),
                < 500 and not (408 or 429) => new StepOutcome(false, $"The caller at {caller} answered {status}."),
                _ => throw new TransientFailureException($"The caller at {caller} answered {status}."),
            };
        }
        catch (CallbackRefusedException refused)
        {
            logger.CallbackRefused(caller, notice.JobId, refused.Message);
            return new StepOutcome(false, $"The caller at {caller} was not told: {refused.Message}.");
        }
        catch (HttpRequestException unreachable)
        {
            throw new TransientFailureException($"The caller at {caller} cannot be reached: {unreachable.HttpRequestError}.", unreachable);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new TransientFailureException($"The caller at {caller} did not answer in time.");
        }
    }
}
