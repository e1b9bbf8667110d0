using Bibind.Contracts;
using Bibind.ControlPlane.Support;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Support;

/// <summary>Says what is to be done about an access now.</summary>
public sealed class LookAtSupportAccess(SupportLifecycle lifecycle) : TaskActivity<SupportAccessOrder, SupportTurn>
{
    /// <inheritdoc/>
    public override Task<SupportTurn> RunAsync(TaskActivityContext context, SupportAccessOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        return lifecycle.LookAsync(order, context.CancellationToken);
    }
}

/// <summary>Lets the time of an access begin.</summary>
public sealed class OpenSupportAccess(SupportLifecycle lifecycle) : TaskActivity<SupportAccessOrder, bool>
{
    /// <inheritdoc/>
    public override async Task<bool> RunAsync(TaskActivityContext context, SupportAccessOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.EnsureLeaseHeldAsync();
        return await lifecycle.OpenAsync(order, context.CancellationToken);
    }
}

/// <summary>Closes row and job of an access.</summary>
public sealed class EndSupportAccess(SupportLifecycle lifecycle) : TaskActivity<SupportAccessEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, SupportAccessEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        await context.EnsureLeaseHeldAsync();
        await lifecycle.EndAsync(end, context.CancellationToken);
        return Unit.Value;
    }
}
