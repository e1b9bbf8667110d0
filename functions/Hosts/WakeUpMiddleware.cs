using Bibind.Functions.Triggers;

namespace Bibind.Functions.Hosts;

/// <summary>
/// Wakes the pump for what a request handed in: after its transaction, and before the answer goes out, for the host may
/// freeze the process as soon as the caller has it.
/// </summary>
internal sealed class WakeUpMiddleware(RequestDelegate next, IWakeUp wakeUp)
{
    public async Task InvokeAsync(HttpContext context)
    {
        using var invocation = FunctionInvocation.Begin(deadline: null);
        context.Response.OnStarting(() => invocation.HandedInWork ? wakeUp.SendAsync(TimeSpan.Zero, CancellationToken.None) : Task.CompletedTask);
        await next(context);
    }
}
