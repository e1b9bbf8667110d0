using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>Gives a tenant the name that was bought for it: the same job as for a name of the customer's, with its records set by us.</summary>
public sealed class AttachDomain(
    NpgsqlDataSource database, TenantStore tenants, DomainStore domains, DomainLifecycle lifecycle, DurableTaskClient client,
    IServiceProvider services, DomainPurchaseStore purchases, IOptions<DomainOptions> options) : TaskActivity<BuyDomainOrder, PurchaseAttached>
{
    /// <inheritdoc/>
    public override async Task<PurchaseAttached> RunAsync(TaskActivityContext context, BuyDomainOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        var tenant = await tenants.FindAsync(order.Tenant!, cancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant '{order.Tenant}'.");
        var domain = await domains.FindAsync(tenant.Id, order.Name, cancellationToken) is { } present && present.State != DomainStates.Failed
            ? present
            : await OpenAsync(order, cancellationToken);
        var left = await services.GetRequiredService<BoughtZone>().PointAsync(domain, tenant, cancellationToken);
        if (domain.State == DomainStates.WaitingForDns)
        {
            await client.RaiseEventAsync(domain.JobId, Contracts.Domains.ValidateEvent, Unit.Value, cancellationToken);
        }

        return new PurchaseAttached(domain.JobId, left);
    }

    private async Task<Domain> OpenAsync(BuyDomainOrder order, CancellationToken cancellationToken)
    {
        var requestedBy = (await purchases.GetAsync(order.PurchaseId, cancellationToken)).RequestedBy;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var result = await lifecycle.RequestAsync(connection, transaction, order.Tenant!, order.Name, requestedBy, cancellationToken);
        if (result is not DomainAccepted accepted)
        {
            throw new PermanentFailureException(((DomainRefused)result).Message);
        }

        await client.StartJobAsync(
            Orchestrations.AddDomain,
            accepted.Order with { WaitLimit = options.Value.WaitLimit },
            accepted.Order.JobId, JobKinds.AddDomain, accepted.Order.Code, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return accepted.Domain;
    }
}
