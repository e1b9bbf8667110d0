using Microsoft.DurableTask;

namespace Bibind.Durable;

/// <summary>What a retry policy comes to.</summary>
public static class RetryPolicyExtensions
{
    extension(RetryPolicy policy)
    {
        /// <summary>The wait after attempt <paramref name="attempt"/> (from 1).</summary>
        public TimeSpan DelayAfter(int attempt)
        {
            var milliseconds = policy.FirstRetryInterval.TotalMilliseconds * Math.Pow(policy.BackoffCoefficient, attempt - 1);
            return milliseconds < policy.MaxRetryInterval.TotalMilliseconds ? TimeSpan.FromMilliseconds(milliseconds) : policy.MaxRetryInterval;
        }
    }
}
