using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Domains;

/// <summary>Looks whether a name leads here with its proof; if so, it is being set up from then on.</summary>
public sealed class CheckDomain(DomainStore domains, DomainLifecycle lifecycle, TenantStore tenants, DomainRecords records) : TaskActivity<DomainOrder, DomainCheck>
{
    /// <inheritdoc/>
    public override async Task<DomainCheck> RunAsync(TaskActivityContext context, DomainOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        if (await domains.FindAsync(order.DomainId, cancellationToken) is not { } domain || await tenants.GetAsync(order.TenantId, cancellationToken) is not { } tenant)
        {
            return new DomainCheck(DomainCheck.Withdrawn);
        }

        var fault = await records.FindFaultAsync(domain.Name, domain.Proof, tenant.Host, cancellationToken);
        if (fault is null)
        {
            var (place, refusal, isWithdrawn) = await BeginAsync(order, cancellationToken);
            if (place is not null || isWithdrawn)
            {
                return new DomainCheck(isWithdrawn ? DomainCheck.Withdrawn : DomainCheck.Leads, null, place);
            }

            fault = refusal!;
        }
        else if (domain.State == DomainStates.WaitingForDns && await domains.IsLostAsync(order, cancellationToken))
        {
            throw new PermanentFailureException(new DomainLostException(order.Name).Message);
        }

        return await lifecycle.NoteAsync(order, fault, cancellationToken) ? new DomainCheck(DomainCheck.Waits, fault) : new DomainCheck(DomainCheck.Withdrawn);
    }

    private async Task<(DomainDescriptor? Place, string? Refusal, bool IsWithdrawn)> BeginAsync(DomainOrder order, CancellationToken cancellationToken)
    {
        try
        {
            return await lifecycle.BeginIssuingAsync(order, cancellationToken);
        }
        catch (DomainLostException lost)
        {
            throw new PermanentFailureException(lost.Message);
        }
    }
}
