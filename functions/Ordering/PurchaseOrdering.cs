using System.Runtime.ExceptionServices;
using Bibind.Activities;
using Bibind.Activities.Domains.Registrars;
using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Functions.Problems;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Ordering;

/// <summary>A purchase that was accepted.</summary>
/// <param name="Name">The domain.</param>
/// <param name="Provider">Where it is bought.</param>
/// <param name="Price">As the registrar says now; it is asked for again before the order.</param>
/// <param name="Job">The id of the job.</param>
/// <param name="Tenant">Who gets it, or null.</param>
public sealed record PurchaseAccepted(string Name, string Provider, Price Price, string Job, string? Tenant);

/// <summary>Asks the registrar, and takes orders of domains.</summary>
public sealed class PurchaseOrdering(
    CommandTransaction transactions, IDomainRegistrar registrar, DomainPurchaseStore purchases, TenantStore tenants,
    IOptions<RegistrarOptions> options)
{
    /// <summary>Whether a domain can be bought now.</summary>
    /// <exception cref="ProblemException">409: no registrar is set; 503: it does not answer.</exception>
    public async Task<DomainOffer> OfferAsync(string name, CancellationToken cancellation)
    {
        if (registrar.Provider == RegistrarProviders.None)
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "no-registrar", "Domains are not sold here", "No registrar is set: Domains__Registrar__Provider has to be ovh or route53."));
        }

        try
        {
            return await registrar.OfferAsync(name, cancellation);
        }
        catch (PermanentFailureException refused)
        {
            throw new ProblemException(ProblemFactory.Conflict("registrar-refuses", "The registrar refuses the question", refused.Message));
        }
        catch (TransientFailureException away)
        {
            throw new ProblemException(new Problem(
                StatusCodes.Status503ServiceUnavailable, "registrar-unavailable", "The registrar does not answer for the moment", $"{away.Message} Nothing was ordered; try again.")
            {
                Headers = new Dictionary<string, string> { ["Retry-After"] = "30" },
            });
        }
    }

    /// <summary>Orders a domain; the name was confirmed and the price has a limit.</summary>
    /// <exception cref="ProblemException">404, 409 or 503: it cannot be bought now.</exception>
    public async Task<OrderResponse> BuyAsync(
        string name, Price limit, string? tenant, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        // A repetition gets its answer though the name is not available any more.
        if (await transactions.FindAnswerAsync(request, cancellation) is { } first)
        {
            return first;
        }

        // Before the transaction opens: a registrar takes its time, and a transaction holds locks and a connection.
        var (price, refusal) = await AskAsync(name, limit, tenant, request.Customer, cancellation);
        return await transactions.RunAsync(
            request,
            async work =>
            {
                // Thrown here, where an equal request that was taken meanwhile has been found already: that one's answer counts.
                refusal?.Throw();
                var (id, jobId) = await purchases.OpenAsync(
                        work.Connection, work.Transaction, new NewDomainPurchase(name, registrar.Provider, tenant, requestedBy), work.CancellationToken)
                    ?? throw new ProblemException(UnderWay(name, job: null));
                await work.StartAsync(
                    Orchestrations.BuyDomain,
                    new BuyDomainOrder
                    {
                        PurchaseId = id,
                        JobId = jobId,
                        Name = name,
                        MaxPrice = limit,
                        Tenant = tenant,
                        FirstLook = options.Value.FirstLook,
                        WaitLimit = options.Value.WaitLimit,
                    },
                    new JobToStart(jobId, JobKinds.BuyDomain, name, requestedBy) { Tag = new("domain", name) });
                return new AcceptedOrder(JobLocation.Of(jobId), new PurchaseAccepted(name, registrar.Provider, price!, jobId, tenant));
            },
            cancellation);
    }

    /// <summary>The price, or why the domain cannot be bought.</summary>
    private async Task<(Price? Price, ExceptionDispatchInfo? Refusal)> AskAsync(
        string name, Price limit, string? tenant, string? customer, CancellationToken cancellation)
    {
        try
        {
            await RequireTenantAsync(tenant, customer, cancellation);
            return await purchases.FindOpenJobAsync(name, cancellation) is { } open
                ? throw new ProblemException(UnderWay(name, customer is null ? open : null))
                : (Affordable(name, await OfferAsync(name, cancellation), limit), null);
        }
        catch (ProblemException refused)
        {
            return (null, ExceptionDispatchInfo.Capture(refused));
        }
    }

    private async Task RequireTenantAsync(string? code, string? customer, CancellationToken cancellation)
    {
        if (code is null)
        {
            return;
        }

        var tenant = Requests.Codes.IsPlausible(code) ? await tenants.FindAsync(code, cancellation) : null;
        if (tenant is null || (customer is not null && tenant.Customer != customer))
        {
            throw new ProblemException(ProblemFactory.NotFound("There is no tenant with the code in 'tenant'; GET /api/tenants lists them."));
        }

        if (tenant.State != TenantStates.Active)
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "tenant-state", "The tenant's state does not allow it", $"Tenant '{code}' is {tenant.State}: a domain can be bought for it when it is active.", "tenant"));
        }
    }

    private static Price Affordable(string name, DomainOffer offer, Price limit)
    {
        if (offer is not { IsAvailable: true, Price: { } price })
        {
            throw new ProblemException(ProblemFactory.Conflict("domain-unavailable", "The domain cannot be bought", offer.Reason!, "name"));
        }

        return price.RefusalAbove(limit) is { } refusal
            ? throw new ProblemException(ProblemFactory.Conflict("price-limit", "The price is not within the limit", $"'{name}' was not ordered: {refusal}.", "maxPrice"))
            : price;
    }

    // A customer is not told who else buys it.
    private static Problem UnderWay(string name, string? job) => ProblemFactory.Conflict(
        "purchase-under-way", "The domain is being bought", job is null ? $"'{name}' is being bought: wait for the end of that." : $"Job '{job}' is buying '{name}': wait for its end.", "name");
}
