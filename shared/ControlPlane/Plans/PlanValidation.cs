using Bibind.ControlPlane.Servers;

namespace Bibind.ControlPlane.Plans;

/// <summary>Checks a plan before it is added or changed.</summary>
public static class PlanValidation
{
    private const int MostBackups = 3660;
    private const int MostGraceDays = 366;
    private const int MostTrialDays = 366;

    /// <summary>Messages by field, as the field is called in JSON; empty if all is well.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(NewPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var errors = new ValidationErrors();
        errors.Unless(CatalogueCodes.IsCode(plan.Code), "code", CatalogueCodes.Rule);
        CheckFields(errors, plan);
        return errors.ToDictionary();
    }

    /// <summary>The same of what may be changed later.</summary>
    public static IReadOnlyDictionary<string, string[]> Check(PlanFields plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var errors = new ValidationErrors();
        CheckFields(errors, plan);
        return errors.ToDictionary();
    }

    private static void CheckFields(ValidationErrors errors, PlanFields plan)
    {
        errors.Unless(ValidationErrors.IsText(plan.Name, 128), "name", "must be 1 to 128 characters without control characters");
        errors.Unless(plan.Sequence is >= 0 and <= 1_000_000, "sequence", "must be 0 to 1000000");
        errors.Unless(Plan.Periods.Contains(plan.PricePeriod), "pricePeriod", $"must be {string.Join(" or ", Plan.Periods)}");
        errors.Unless(plan.UserLimit is null or > 0, "userLimit", "must be more than 0, or null for no limit");
        errors.Unless(plan.StorageQuotaBytes is null or > 0, "storageQuotaBytes", "must be more than 0, or null for no limit");
        errors.Unless(Plan.Schedules.Contains(plan.BackupSchedule), "backupSchedule", $"must be {string.Join(" or ", Plan.Schedules)}");
        CheckRetention(errors, plan.RetentionDaily, "retentionDaily");
        CheckRetention(errors, plan.RetentionWeekly, "retentionWeekly");
        CheckRetention(errors, plan.RetentionMonthly, "retentionMonthly");
        errors.Unless(
            plan.RetentionDaily != 0 || plan.RetentionWeekly != 0 || plan.RetentionMonthly != 0, "retentionDaily",
            "must be more than 0 where retentionWeekly and retentionMonthly are 0: each backup would be deleted as soon as it is taken");
        errors.Unless(plan.GraceDays is >= 0 and <= MostGraceDays, "graceDays", $"must be 0 to {MostGraceDays}");
        errors.Unless(plan.TrialDays is >= 0 and <= MostTrialDays, "trialDays", $"must be 0 to {MostTrialDays}");
        errors.Unless(plan.Region is null || PlacementTerms.IsRegion(plan.Region), "region", PlacementTerms.RegionRule);
        errors.Unless(plan.Labels is null || PlacementTerms.AreLabels(plan.Labels), "labels", PlacementTerms.LabelRule);
        errors.Unless(plan.Size is null || PlacementTerms.IsSize(plan.Size.Value), "size", PlacementTerms.SizeRule);
        errors.Unless(
            plan.AllowedModules is null || ModuleNames.AreNames(plan.AllowedModules, ModuleNames.MostAllowed), "allowedModules",
            $"must be up to {ModuleNames.MostAllowed} technical names of modules such as sale_management, none of them twice; null allows all");
    }

    private static void CheckRetention(ValidationErrors errors, int kept, string field) =>
        errors.Unless(kept is >= 0 and <= MostBackups, field, $"must be 0 to {MostBackups}");
}
