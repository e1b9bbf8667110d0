using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Bibind.Testing;

/// <summary>The one place where tests wait: for a condition, with a limit.</summary>
public static class Eventually
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    // Limits say what a quiet machine may take. They cost nothing while tests pass, and one that stands still for a minute proves nothing.
    private const int OnBusyMachine = 4;

    /// <summary>Waits until the condition holds.</summary>
    /// <param name="condition">Looked at again and again.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="what">What is waited for, in words: "the job succeeds".</param>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static Task UntilAsync(Func<Task<bool>> condition, TimeSpan limit, string what) =>
        UntilAsync(condition, holds => holds, limit, what);

    /// <inheritdoc cref="UntilAsync(Func{Task{bool}}, TimeSpan, string)"/>
    public static Task UntilAsync(Func<bool> condition, TimeSpan limit, string what) =>
        UntilAsync(() => Task.FromResult(condition()), holds => holds, limit, what);

    /// <summary>Waits until the condition holds, which the message of a failure quotes.</summary>
    /// <param name="condition">Looked at again and again.</param>
    /// <param name="seconds">How long it may take.</param>
    /// <param name="what">The condition as it is written.</param>
    /// <exception cref="TimeoutException">It did not hold in time.</exception>
    public static Task TrueAsync(
        Func<Task<bool>> condition, int seconds = 20, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        UntilAsync(condition, TimeSpan.FromSeconds(seconds), what);

    /// <inheritdoc cref="TrueAsync(Func{Task{bool}}, int, string)"/>
    public static Task TrueAsync(
        Func<bool> condition, int seconds = 20, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        UntilAsync(condition, TimeSpan.FromSeconds(seconds), what);

    /// <summary>Waits until a value that is read again and again is the one wanted, and answers it.</summary>
    /// <exception cref="TimeoutException">It was not in time; the message has the last value.</exception>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> accept, TimeSpan limit, string what)
    {
        var watch = Stopwatch.StartNew();
        var pause = FirstPause;
        var longest = limit * OnBusyMachine;
        while (true)
        {
            var value = await read();
            if (accept(value))
            {
                return value;
            }

            if (watch.Elapsed > longest)
            {
                throw new TimeoutException($"Waited {longest.TotalSeconds:0.###} s in vain until {what}. Last seen: {value}");
            }

            await Task.Delay(pause);
            pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause;
        }
    }
}
