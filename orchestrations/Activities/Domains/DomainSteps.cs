using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Domains;

/// <summary>Finds the tenant at a name that is to be removed.</summary>
public sealed class LocateDomain(DomainLifecycle domains) : TaskActivity<DomainOrder, DomainDescriptor>
{
    /// <inheritdoc/>
    public override Task<DomainDescriptor> RunAsync(TaskActivityContext context, DomainOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return domains.LocateAsync(input, context.CancellationToken);
    }
}

/// <summary>Ends the set-up of a name well.</summary>
public sealed class ActivateDomain(DomainLifecycle domains) : TaskActivity<DomainOrder, DomainOutcome>
{
    /// <inheritdoc/>
    public override Task<DomainOutcome> RunAsync(TaskActivityContext context, DomainOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return domains.ActivateAsync(input, context.CancellationToken);
    }
}

/// <summary>Ends a job about a name that did not come to its aim.</summary>
public sealed class EndDomain(DomainLifecycle domains) : TaskActivity<DomainEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, DomainEnd input)
    {
        ArgumentNullException.ThrowIfNull(context);
        await domains.EndAsync(input, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Deletes the row of a name that was withdrawn.</summary>
public sealed class ForgetDomain(DomainLifecycle domains) : TaskActivity<DomainOrder, DomainOutcome>
{
    /// <inheritdoc/>
    public override Task<DomainOutcome> RunAsync(TaskActivityContext context, DomainOrder input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return domains.ForgetAsync(input, context.CancellationToken);
    }
}
