using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary>Settings <c>Jobs:*</c>.</summary>
public sealed class JobOptions
{
    public const string Section = "Jobs";
    private static readonly TimeSpan LimitOfFunctions = TimeSpan.FromSeconds(20);

    /// <summary>How many callers may follow jobs at a time, in this process; 1 to 10,000.</summary>
    public int EventStreams { get; set; } = 100;

    /// <summary>How long an answer that follows a job lasts at most, where the process lives on; then the caller asks again by itself.</summary>
    public TimeSpan EventStreamLimit { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long jobs that have ended are kept, with their histories.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(400);

    /// <summary>True if an answer ends as soon as it has told something new, because its caller sees nothing of it before.</summary>
    public bool EndsWithNews { get; private set; }

    /// <summary>A function's answer is waited for by its platform, which gives up after half a minute.</summary>
    /// <param name="takesAnswersWhole">True if it hands an answer on only once it has ended.</param>
    public void LimitToFunctions(bool takesAnswersWhole)
    {
        EventStreamLimit = EventStreamLimit < LimitOfFunctions ? EventStreamLimit : LimitOfFunctions;
        EndsWithNews = takesAnswersWhole;
    }
}

/// <summary>Counts the callers who follow jobs.</summary>
internal sealed class JobStreams(IOptions<JobOptions> options, IHostApplicationLifetime lifetime)
{
    private int _open;

    /// <summary>How long one lasts at most.</summary>
    public TimeSpan Limit => options.Value.EventStreamLimit;

    /// <summary>True if one ends as soon as it has told something new.</summary>
    public bool EndsWithNews => options.Value.EndsWithNews;

    /// <summary>How many are open.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Ends when the process does.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>Takes a place; null if all are taken.</summary>
    public IDisposable? TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= options.Value.EventStreams)
        {
            return new Place(this);
        }

        Interlocked.Decrement(ref _open);
        return null;
    }

    private sealed class Place(JobStreams streams) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                Interlocked.Decrement(ref streams._open);
            }
        }
    }
}
