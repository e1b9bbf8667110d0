using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>
/// Keeps a request until its function is through with it. The worker lets a cancelled one go at once, and its
/// <see cref="HttpContext"/> would be the next request's while the function still unwinds.
/// </summary>
internal sealed class HeldRequests : IStartupFilter
{
    /// <summary>Holds the request until it is released.</summary>
    public static HeldRequest Of(HttpContext context)
    {
        var held = new HeldRequest();
        context.Features.Set(held);
        return held;
    }

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (OperationCanceledException) when (context.Features.Get<HeldRequest>() is not null)
            {
                // The host ended the call; what the function did about it is the answer.
            }
            finally
            {
                if (context.Features.Get<HeldRequest>() is { } held)
                {
                    await held.Released;
                }
            }
        });
        next(app);
    };
}

/// <summary>A request that a function works on.</summary>
internal sealed class HeldRequest
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the function is through with the request.</summary>
    public Task Released => _released.Task;

    /// <summary>The function is through with it.</summary>
    public void Release() => _released.TrySetResult();
}
