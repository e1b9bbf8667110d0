using Bibind.Contracts;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Plans;

namespace Bibind.Functions.Http;

/// <summary>A plan in one of its versions.</summary>
/// <param name="Version">From 1; each change makes the next.</param>
/// <param name="UserLimit">Internal users; null: unlimited.</param>
/// <param name="StorageQuotaBytes">Null: unlimited.</param>
/// <param name="GraceDays">Days between a failed payment and the suspension.</param>
/// <param name="TrialDays">Days for which a new tenant is free.</param>
/// <param name="AutoRenew">Whether a period follows the other before it is paid.</param>
/// <param name="AllowedModules">Modules that its tenants may activate; null: all.</param>
/// <param name="SupportConsent">Whether an operator enters a tenant's application only after the customer has consented.</param>
/// <param name="Active">False: closed for new orders.</param>
/// <param name="ChangedBy">Who made this version.</param>
/// <param name="Reason">Why.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="RemovedAt">When it was removed; null for what is there.</param>
public sealed record PlanView(
    string Code,
    int Version,
    string Name,
    int Sequence,
    string PricePeriod,
    int? UserLimit,
    long? StorageQuotaBytes,
    string BackupSchedule,
    int RetentionDaily,
    int RetentionWeekly,
    int RetentionMonthly,
    int GraceDays,
    int TrialDays,
    bool AutoRenew,
    string? Region,
    IReadOnlyList<string> Labels,
    int? Size,
    IReadOnlyList<string>? AllowedModules,
    bool SupportConsent,
    bool Active,
    string ChangedBy,
    string Reason,
    DateTimeOffset ChangedAt,
    DateTimeOffset? RemovedAt)
{
    /// <summary>From a row.</summary>
    public static PlanView Of(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new PlanView(
            plan.Code, plan.Version, plan.Name, plan.Sequence, plan.PricePeriod, plan.UserLimit, plan.StorageQuotaBytes, plan.BackupSchedule,
            plan.RetentionDaily, plan.RetentionWeekly, plan.RetentionMonthly, plan.GraceDays, plan.TrialDays, plan.AutoRenew, plan.Region, plan.Labels, plan.Size, plan.AllowedModules, plan.SupportConsent, plan.Active,
            plan.ChangedBy, plan.Reason, plan.ChangedAt, plan.RemovedAt);
    }
}

/// <summary>An offer in one of its versions.</summary>
/// <param name="Version">From 1; each change makes the next.</param>
/// <param name="Application">odoo, magento or drupal.</param>
/// <param name="Delivery">shared or dedicated.</param>
/// <param name="Themes">Themes that its tenants can choose.</param>
/// <param name="Active">False: closed for new orders.</param>
/// <param name="ChangedBy">Who made this version.</param>
/// <param name="Reason">Why.</param>
/// <param name="ChangedAt">When.</param>
/// <param name="RemovedAt">When it was removed; null for what is there.</param>
public sealed record OfferView(
    string Code,
    int Version,
    string Name,
    string Application,
    string Delivery,
    string DefaultPlan,
    string DefaultTemplate,
    string DatabasePattern,
    string? Region,
    IReadOnlyList<string> Labels,
    int? Size,
    IReadOnlyList<OfferTheme> Themes,
    bool Active,
    string ChangedBy,
    string Reason,
    DateTimeOffset ChangedAt,
    DateTimeOffset? RemovedAt)
{
    /// <summary>From a row.</summary>
    public static OfferView Of(Offer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        return new OfferView(
            offer.Code, offer.Version, offer.Name, offer.Application, offer.Delivery, offer.DefaultPlan, offer.DefaultTemplate, offer.DatabasePattern,
            offer.Region, offer.Labels, offer.Size, offer.Themes, offer.Active, offer.ChangedBy, offer.Reason, offer.ChangedAt, offer.RemovedAt);
    }
}
