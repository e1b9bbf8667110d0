using System.Net.Http.Headers;

namespace Bibind.Activities.RateLimits;

/// <summary>Waits as a service asks, for some seconds in all; what asks for longer is left to the durable retry.</summary>
/// <param name="limit">How long the waits of one call may be together.</param>
internal sealed class RetryAfterBudget(TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan UnlessTold = TimeSpan.FromSeconds(1);
    private TimeSpan _left = limit;

    /// <summary>Runs a call again and again while the service asks to wait and the budget lasts.</summary>
    /// <exception cref="RateLimitedException">The service asks for a longer wait than is left.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call();
            }
            catch (RateLimitedException limited) when (TryTake(limited.RetryAfter ?? UnlessTold))
            {
                await Task.Delay(limited.RetryAfter ?? UnlessTold, time, cancellationToken);
            }
        }
    }

    /// <summary>What a <c>Retry-After</c> header asks for: seconds or a date; null without one.</summary>
    public static TimeSpan? Read(HttpResponseHeaders headers, TimeProvider time) => headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - time.GetUtcNow() is { } wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };

    private bool TryTake(TimeSpan wait)
    {
        if (wait > _left)
        {
            return false;
        }

        // A wait of nothing costs a little too: a service that says "0" for ever must not keep us for ever.
        _left -= wait + TimeSpan.FromMilliseconds(100);
        return true;
    }
}
