using Bibind.Activities;
using Bibind.Activities.Application.Odoo.Modules;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Modules;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Plans;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>What would become of an order that changes modules.</summary>
/// <param name="Tenant">Its code.</param>
/// <param name="Activate">Modules that would be installed.</param>
/// <param name="AlsoActivate">What these need and what is not there. The application may install others with them by itself.</param>
/// <param name="Deactivate">Modules that would be uninstalled, with their data.</param>
/// <param name="AlreadySo">Modules that are as ordered.</param>
public sealed record ModulePreview(
    string Tenant, IReadOnlyList<string> Activate, IReadOnlyList<string> AlsoActivate, IReadOnlyList<string> Deactivate, IReadOnlyList<string> AlreadySo);

/// <summary>Takes orders about a tenant's modules and theme: looked at in the tenant's database first, then row and orchestration in one transaction.</summary>
public sealed class ModuleOrdering(
    CommandTransaction transactions, TenantStore tenants, TenantModuleStore store, TenantModuleReader reader, PlanStore plans, OfferStore offers)
{
    /// <summary>The modules of a tenant's application.</summary>
    /// <exception cref="ProblemException">404, 409 or 503: they cannot be read now.</exception>
    public async Task<(Tenant Tenant, ModuleList List)> ReadAsync(string code, CancellationToken cancellation)
    {
        var tenant = await tenants.FindAsync(code, cancellation) ?? throw new ProblemException(OrderProblems.Of(new ModuleJobResult.NotFound(), code));
        if (tenant.State is not (TenantStates.Active or TenantStates.Suspended or TenantStates.Upgrading) || tenant.SuspensionCause is not null)
        {
            throw new ProblemException(OrderProblems.Of(new ModuleJobResult.NotActive(tenant.State), code));
        }

        try
        {
            return (tenant, await reader.ReadAsync(tenant.ToPlace(JobKinds.ChangeModules), cancellation));
        }
        catch (TransientFailureException away)
        {
            throw new ProblemException(new Problem(
                StatusCodes.Status503ServiceUnavailable, "server-away", "The tenant's database does not answer", away.Message)
            {
                Headers = new Dictionary<string, string> { ["Retry-After"] = "10" },
            });
        }
        catch (PermanentFailureException refused)
        {
            throw new ProblemException(ProblemFactory.Conflict("modules-unreadable", "The tenant's modules cannot be read", refused.Message));
        }
    }

    /// <summary>Says what would become of an order; nothing is changed.</summary>
    /// <exception cref="ProblemException">404, 409, 422 or 503: it would be refused.</exception>
    public async Task<ModulePreview> PreviewAsync(string code, ModuleChange change, CancellationToken cancellation)
    {
        var (tenant, plan) = await CheckAsync(code, change, cancellation);
        var found = plan.Found;
        return new ModulePreview(
            tenant.Code, found.Activate, plan.Needed, found.Deactivate,
            [.. change.Activate.Except(found.Activate, StringComparer.Ordinal), .. change.Deactivate.Except(found.Deactivate, StringComparer.Ordinal)]);
    }

    /// <summary>Orders that modules are installed and uninstalled.</summary>
    /// <exception cref="ProblemException">404, 409, 422 or 503: they cannot be changed now.</exception>
    public async Task<OrderResponse> ChangeAsync(string code, ModuleChange change, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        if (await transactions.FindAnswerAsync(request, cancellation) is { } answer)
        {
            return answer;
        }

        await CheckAsync(code, change, cancellation);
        return await OpenAsync(code, change, requestedBy, request, cancellation);
    }

    /// <summary>Orders a theme; null takes it away, and the company looks as before its first.</summary>
    /// <exception cref="ProblemException">404, 409, 422 or 503: it cannot be changed now.</exception>
    public async Task<OrderResponse> ChooseThemeAsync(string code, string? name, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        if (await transactions.FindAnswerAsync(request, cancellation) is { } answer)
        {
            return answer;
        }

        var tenant = await tenants.FindAsync(code, cancellation) ?? throw new ProblemException(OrderProblems.Of(new ModuleJobResult.NotFound(), code));
        var look = name is null
            ? (await store.FindThemeAsync(tenant.Id, cancellation))?.LookBefore
            : await FindLookAsync(tenant, name, cancellation);
        var change = new ModuleChange { Theme = new ThemeChange(name, look) };
        await CheckAsync(code, change, cancellation);
        return await OpenAsync(code, change, requestedBy, request, cancellation);
    }

    /// <summary>The themes that a tenant can choose.</summary>
    public async Task<IReadOnlyList<OfferTheme>> ListThemesAsync(Tenant tenant, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tenant);

        // Of the newest version: a theme that is new takes nothing away from what was sold. One that was removed is the former tenants' still.
        var newest = (await offers.FindAsync(tenant.Offer, cancellation))?.Themes ?? [];
        var sold = (await offers.FindSoldAsync(tenant.Id, cancellation))?.Themes ?? [];
        return [.. newest, .. sold.Where(s => newest.All(n => n.Name != s.Name))];
    }

    /// <summary>The modules that a tenant's plan allows, as it was sold; null for all.</summary>
    public async Task<IReadOnlyList<string>?> FindAllowedAsync(Tenant tenant, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        return (await plans.FindSoldAsync(tenant.Id, cancellation))?.AllowedModules;
    }

    private async Task<ThemeLook> FindLookAsync(Tenant tenant, string name, CancellationToken cancellation)
    {
        var themes = await ListThemesAsync(tenant, cancellation);
        if (themes.FirstOrDefault(t => t.Name == name) is { } theme)
        {
            return new ThemeLook { PrimaryColor = theme.PrimaryColor, SecondaryColor = theme.SecondaryColor, Font = theme.Font };
        }

        var names = themes.Select(t => t.Name).ToList();
        var near = TextDistance.Nearest(name, names);
        throw new ProblemException(ProblemFactory.Invalid(
            "theme",
            names.Count == 0 ? $"is unknown: the offer '{tenant.Offer}' has no themes; PATCH /api/offers/{tenant.Offer} adds some"
            : $"is unknown: the offer '{tenant.Offer}' has {string.Join(", ", (near.Count > 0 ? near : names.Take(10)).Select(n => $"'{n}'"))}"));
    }

    private async Task<(Tenant Tenant, ModulePlan Plan)> CheckAsync(string code, ModuleChange change, CancellationToken cancellation)
    {
        var (tenant, list) = await ReadAsync(code, cancellation);
        var plan = ModulePlan.Of(list, change, await FindAllowedAsync(tenant, cancellation));
        if (plan.Errors.Count > 0)
        {
            throw new ProblemException(ProblemFactory.Invalid(plan.Errors));
        }

        // While a job of ours changes them, that job is what is in the way.
        return plan.HalfWay.Count == 0 || tenant.State == TenantStates.Upgrading
            ? (tenant, plan)
            : throw new ProblemException(ProblemFactory.Conflict(
                "modules-half-way", "An operation on modules has not ended", plan.DescribeHalfWay(tenant.Code)));
    }

    private Task<OrderResponse> OpenAsync(string code, ModuleChange change, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var result = await store.OpenAsync(work.Connection, work.Transaction, code, change, requestedBy, work.CancellationToken);
                if (result is not ModuleJobResult.Opened(var order, var state))
                {
                    throw new ProblemException(OrderProblems.Of(result, code));
                }

                await work.StartAsync(Orchestrations.ChangeModules, order, order.JobId, JobKinds.ChangeModules, order.Code, requestedBy);
                return new AcceptedOrder(JobLocation.Of(order.JobId), new TenantAccepted(order.Code, state, order.JobId));
            },
            cancellation);
}
