using Bibind.ControlPlane.Plans;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A change of a plan. What is left out stays; what may be empty is emptied by null.</summary>
public sealed record ChangePlan : IRecordedChange
{
    internal static readonly string[] NeverNull =
        ["name", "sequence", "pricePeriod", "backupSchedule", "retentionDaily", "retentionWeekly", "retentionMonthly", "graceDays", "trialDays", "autoRenew", "labels", "supportConsent", "active"];

    public string? Name { get; init; }
    public int? Sequence { get; init; }
    public string? PricePeriod { get; init; }

    /// <summary>Internal users; null: unlimited.</summary>
    public int? UserLimit { get; init; }

    /// <summary>Null: unlimited.</summary>
    public long? StorageQuotaBytes { get; init; }
    public string? BackupSchedule { get; init; }
    public int? RetentionDaily { get; init; }
    public int? RetentionWeekly { get; init; }
    public int? RetentionMonthly { get; init; }
    public int? GraceDays { get; init; }
    public int? TrialDays { get; init; }
    public bool? AutoRenew { get; init; }
    public string? Region { get; init; }
    public IReadOnlyList<string>? Labels { get; init; }
    public int? Size { get; init; }

    /// <summary>Modules that its tenants may activate; null: all.</summary>
    public IReadOnlyList<string>? AllowedModules { get; init; }

    /// <summary>True if an operator enters a tenant's application only after the customer has consented.</summary>
    public bool? SupportConsent { get; init; }

    /// <summary>False closes it for new orders; tenants that have it keep it.</summary>
    public bool? Active { get; init; }

    /// <summary>Why; recorded with the new version.</summary>
    public required string Reason { get; init; }

    internal static PlanFields Apply(ChangePlan command, Plan plan, IReadOnlySet<string> given) => new()
    {
        Name = command.Name ?? plan.Name,
        Sequence = command.Sequence ?? plan.Sequence,
        PricePeriod = command.PricePeriod ?? plan.PricePeriod,
        UserLimit = given.Contains("userLimit") ? command.UserLimit : plan.UserLimit,
        StorageQuotaBytes = given.Contains("storageQuotaBytes") ? command.StorageQuotaBytes : plan.StorageQuotaBytes,
        BackupSchedule = command.BackupSchedule ?? plan.BackupSchedule,
        RetentionDaily = command.RetentionDaily ?? plan.RetentionDaily,
        RetentionWeekly = command.RetentionWeekly ?? plan.RetentionWeekly,
        RetentionMonthly = command.RetentionMonthly ?? plan.RetentionMonthly,
        GraceDays = command.GraceDays ?? plan.GraceDays,
        TrialDays = command.TrialDays ?? plan.TrialDays,
        AutoRenew = command.AutoRenew ?? plan.AutoRenew,
        Region = given.Contains("region") ? command.Region : plan.Region,
        Labels = command.Labels ?? plan.Labels,
        Size = given.Contains("size") ? command.Size : plan.Size,
        AllowedModules = given.Contains("allowedModules") ? command.AllowedModules : plan.AllowedModules,
        SupportConsent = command.SupportConsent ?? plan.SupportConsent,
        Active = command.Active ?? plan.Active,
    };
}

/// <summary><c>/api/plans</c>.</summary>
internal static class PlansApi
{
    private static readonly CatalogueApi<Plan, PlanFields, PlanView> Api = new("plan", s => s.GetRequiredService<PlanStore>(), PlanView.Of);

    public static void MapPlans(this IEndpointRouteBuilder routes)
    {
        var plans = Api.Map(routes);
        plans.MapPost("/", CreateAsync).NeedsRole(Role.Admin).Describe("createPlan", "Adds a plan, as version 1")
            .Takes<NewPlan>().TakesKey().Answers<PlanView>(StatusCodes.Status201Created).Refuses(StatusCodes.Status409Conflict);
        plans.MapPatch("/{code}", ChangeAsync).NeedsRole(Role.Admin)
            .Describe("changePlan", "Makes the next version of a plan; what tenants were sold stays as it was")
            .Takes<ChangePlan>().TakesIfMatch(isRequired: true).Answers<PlanView>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, PlanStore plans)
    {
        var plan = await CommandReader.ReadAsync<NewPlan>(
            context, (given, _) => Task.FromResult(RecordedReason.With(PlanValidation.Check(given), given.Reason)));
        return await Api.CreateAsync(
            context, plan, plan.Code, plan.Reason, (work, who, why) => plans.CreateAsync(work.Connection, work.Transaction, plan, who, why, work.CancellationToken));
    }

    private static Task<IResult> ChangeAsync(HttpContext context, string code) =>
        Api.ChangeAsync<ChangePlan>(context, code, ChangePlan.Apply, PlanValidation.Check, ChangePlan.NeverNull);
}
