namespace Bibind.Durable;

/// <summary>How a failed call is repeated. Every wait is a durable timer, so the state of the retries survives anything.</summary>
public sealed record RetryPolicy
{
    /// <summary>A policy; source of the rules: Durable Task's <c>RetryInterceptor</c>.</summary>
    /// <param name="maxNumberOfAttempts">Attempts in all, the first included; at least 1.</param>
    /// <param name="firstRetryInterval">The wait before the second attempt; more than zero.</param>
    /// <param name="backoffCoefficient">What each wait is multiplied by to give the next; at least 1.</param>
    /// <param name="maxRetryInterval">The longest wait; one hour unless given.</param>
    /// <param name="retryTimeout">How long after the first attempt a retry may still start; unlimited unless given.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public RetryPolicy(
        int maxNumberOfAttempts,
        TimeSpan firstRetryInterval,
        double backoffCoefficient = 1.0,
        TimeSpan? maxRetryInterval = null,
        TimeSpan? retryTimeout = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNumberOfAttempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(firstRetryInterval, TimeSpan.Zero);
        if (double.IsNaN(backoffCoefficient) || double.IsInfinity(backoffCoefficient) || backoffCoefficient < 1.0)
        {
            throw new ArgumentOutOfRangeException(nameof(backoffCoefficient), backoffCoefficient, "must be a finite number of at least 1");
        }

        if (maxRetryInterval is { } max && max < firstRetryInterval)
        {
            throw new ArgumentOutOfRangeException(nameof(maxRetryInterval), max, "must not be less than the first retry interval");
        }

        if (retryTimeout is { } timeout && timeout < firstRetryInterval)
        {
            throw new ArgumentOutOfRangeException(nameof(retryTimeout), timeout, "must not be less than the first retry interval");
        }

        MaxNumberOfAttempts = maxNumberOfAttempts;
        FirstRetryInterval = firstRetryInterval;
        BackoffCoefficient = backoffCoefficient;
        MaxRetryInterval = maxRetryInterval ?? TimeSpan.FromHours(1);
        RetryTimeout = retryTimeout ?? Timeout.InfiniteTimeSpan;
    }

    /// <summary>Attempts in all, the first included.</summary>
    public int MaxNumberOfAttempts { get; }

    /// <summary>The wait before the second attempt.</summary>
    public TimeSpan FirstRetryInterval { get; }

    /// <summary>What each wait is multiplied by.</summary>
    public double BackoffCoefficient { get; }

    /// <summary>The longest wait.</summary>
    public TimeSpan MaxRetryInterval { get; }

    /// <summary>How long after the first attempt a retry may still start.</summary>
    public TimeSpan RetryTimeout { get; }

    /// <summary>Asked before each retry; answering false lets the failure surface. Must be deterministic.</summary>
    public Func<RetryContext, bool>? Handler { get; init; }

    /// <summary>The wait after attempt <paramref name="attempt"/> (from 1).</summary>
    public TimeSpan DelayAfter(int attempt)
    {
        var milliseconds = FirstRetryInterval.TotalMilliseconds * Math.Pow(BackoffCoefficient, attempt - 1);
        return milliseconds < MaxRetryInterval.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : MaxRetryInterval;
    }
}

/// <summary>What a retry handler is told.</summary>
/// <param name="LastAttempt">The attempt that failed, from 1.</param>
/// <param name="LastFailure">Why it failed.</param>
/// <param name="TotalRetryTime">Time since the first attempt, by the orchestrator's clock.</param>
public sealed record RetryContext(int LastAttempt, TaskFailureDetails LastFailure, TimeSpan TotalRetryTime);

/// <summary>How a call is made.</summary>
public record TaskOptions
{
    /// <summary>How a failure is repeated; not at all unless given.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>Carried to the called activity or orchestration, and shown with it.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>The version of the activity or orchestrator that is wanted; the default one unless given.</summary>
    public string? Version { get; init; }
}

/// <summary>How a sub-orchestration is called.</summary>
public sealed record SubOrchestrationOptions : TaskOptions
{
    /// <summary>The child's instance id; derived from the parent's execution unless given.</summary>
    public string? InstanceId { get; init; }
}
