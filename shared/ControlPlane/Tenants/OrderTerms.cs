using Bibind.Contracts;
using Dapper;
using Npgsql;
using static Bibind.ControlPlane.Tenants.ReservationRefusalKind;

namespace Bibind.ControlPlane.Tenants;

/// <summary>What the words of an order stand for, as offer and plan are sold at this moment; null where nothing has that name.</summary>
internal sealed record OrderTerms
{
    public string? Offer { get; init; }
    public int OfferVersion { get; init; }
    public bool OfferOpen { get; init; }
    public string? Application { get; init; }
    public string? DatabasePattern { get; init; }
    public string? Plan { get; init; }
    public int PlanVersion { get; init; }
    public bool PlanOpen { get; init; }
    public string? Template { get; init; }
    public bool TemplateKnown { get; init; }
    public string? Region { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public int Size { get; init; }
    public int? UserLimit { get; init; }
    public long? StorageQuotaBytes { get; init; }

    /// <summary>Reads them, and keeps offer and plan from being removed until the transaction ends.</summary>
    /// <remarks>What a backup becomes a tenant of keeps the versions that were sold, open or closed.</remarks>
    public static Task<OrderTerms> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantOrder order, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<OrderTerms>(Sql.Command(
            """
            with offer as (
              select code, version, active from control.offers where code = @Offer and removed_at is null for key share),
            o as (
              select v.*, f.active or @SoldOffer::int is not null as is_open
              from offer f join control.offer_versions v on v.code = f.code and v.version = coalesce(@SoldOffer, f.version)),
            plan as (
              select code, version, active from control.plans
              where code = coalesce(@Plan, (select default_plan from o)) and removed_at is null for key share),
            p as (
              select v.*, f.active or @SoldPlan::int is not null as is_open
              from plan f join control.plan_versions v on v.code = f.code and v.version = coalesce(@SoldPlan, f.version))
            select o.code as offer, o.version as offer_version, o.is_open as offer_open, o.application, o.database_pattern,
                   p.code as plan, p.version as plan_version, p.is_open as plan_open, t.template,
                   coalesce(@Region, p.region, o.region) as region,
                   array(select distinct unnest(@Labels || coalesce(p.labels, '{}') || coalesce(o.labels, '{}')) order by 1) as labels,
                   coalesce(@Size, p.size, o.size, 1) as size, p.user_limit, p.storage_quota_bytes,
                   exists (select from control.template_catalogue c where c.code = t.template)
                     or exists (select from control.templates m where m.code = t.template or m.family = t.template) as template_known
            from (select 1) one
            left join o on true
            left join p on true
            cross join lateral (select coalesce(@Template, o.default_template) as template) t
            """,
            new
            {
                order.Offer,
                order.Plan,
                order.Template,
                order.Region,
                Labels = order.Labels.ToArray(),
                order.Size,
                SoldOffer = order.SoldOfferVersion,
                SoldPlan = order.SoldPlanVersion,
            },
            transaction, cancellationToken));

    /// <summary>Why there is nothing to reserve; null if there is.</summary>
    public ReservationRefused? Refusal(TenantOrder order) =>
        Offer is null ? new ReservationRefused(UnknownOffer, "offer", $"There is no offer '{order.Offer}': GET /api/offers lists them.")
        : !OfferOpen ? new ReservationRefused(OfferClosed, "offer", $"The offer '{Offer}' is closed for new orders: order another; tenants that have it keep it.")
        : !Applications.Provided.Contains(Application) ? new ReservationRefused(
            ApplicationNotProvided, "offer", $"The offer '{order.Offer}' is of the application '{Application}', which cannot be provided; there is {string.Join(", ", Applications.Provided)}.")
        : Plan is null ? new ReservationRefused(UnknownPlan, "plan", $"There is no plan '{order.Plan}': GET /api/plans lists them.")
        : !PlanOpen ? new ReservationRefused(
            PlanClosed, "plan",
            $"The plan '{Plan}'{(order.Plan is null ? $", which the offer '{Offer}' has for orders that name none," : string.Empty)} is closed for new orders: order another; tenants that have it keep it.")
        : !TemplateKnown ? new ReservationRefused(UnknownTemplate, "template", $"There is no template '{Template}': the list of templates has the codes.")
        : IsAbove(order.MaxUsers, UserLimit, order) ? new ReservationRefused(
            LimitAbovePlan, "maxUsers", $"The plan '{Plan}' allows {UserLimit} internal users: order at most as many, or another plan.")
        : IsAbove(order.MaxStorageBytes, StorageQuotaBytes, order) ? new ReservationRefused(
            LimitAbovePlan, "maxStorageBytes", $"The plan '{Plan}' allows {StorageQuotaBytes} bytes: order at most as many, or another plan.")
        : null;

    // What a backup becomes a tenant of keeps what it was given.
    private static bool IsAbove(long? wanted, long? allowed, TenantOrder order) => !order.IsRestored && wanted > allowed;
}
