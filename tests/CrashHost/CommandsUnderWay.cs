using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Bibind.CrashHost;

/// <summary>
/// Counts commands that are not answered yet. A step can be reached before the order that began it is answered; who ordered it would not
/// learn of its job, which is not what is tested.
/// </summary>
internal sealed class CommandsUnderWay : IStartupFilter
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    // From the server to the socket.
    private static readonly TimeSpan Sending = TimeSpan.FromMilliseconds(50);
    private int _count;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, go) =>
        {
            if (!HttpMethods.IsGet(context.Request.Method))
            {
                Interlocked.Increment(ref _count);
                context.Response.OnCompleted(() =>
                {
                    Interlocked.Decrement(ref _count);
                    return Task.CompletedTask;
                });
            }

            return go(context);
        });
        next(app);
    };

    /// <summary>Waits until they are answered, or until one waits for the very step that waits here.</summary>
    public async Task AnsweredAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        while (Volatile.Read(ref _count) > 0 && !limit.IsCancellationRequested)
        {
            await Task.Delay(Look, CancellationToken.None);
        }

        await Task.Delay(Sending, CancellationToken.None);
    }
}
