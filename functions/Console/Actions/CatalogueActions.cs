namespace Bibind.WebConsole.Actions;

/// <summary>What is sold: offers and plans. A change makes the next version; what tenants were sold stays as it was.</summary>
internal static class CatalogueActions
{
    private const string Page = "/console/offers";
    private const string Next = "The change makes the next version, which new orders get. What tenants were sold stays as it was.";

    private static readonly Field Code = new("code", "Code") { IsRequired = true, Help = "A lower-case letter, then lower-case letters, digits and hyphens. It stays." };

    private static readonly Field[] OfOffer =
    [
        new("name", "Name") { IsRequired = true },
        new("defaultPlan", "Plan", FieldKind.Choice) { IsRequired = true, ChoicesFrom = "/api/plans?pageSize=200", Help = "Of orders that name none." },
        new("defaultTemplate", "Template", FieldKind.Choice) { IsRequired = true, ChoicesFrom = "/api/templates", Help = "Of orders that name none." },
        new("databasePattern", "Names of databases") { IsRequired = true, Value = "{subdomain}", Help = "With {subdomain}, {host} or {code} in it." },
        new("region", "Region") { CanBeEmptied = true, Help = "Where its tenants stand, unless the order or the plan says." },
        new("labels", "Labels", FieldKind.Codes) { Help = "Separated by commas." },
        new("size", "Places of a server", FieldKind.Number) { CanBeEmptied = true, Help = "How many a tenant takes; one unless given." },
        new("active", "Open for orders", FieldKind.Flag) { Value = "true" },
        Field.Reason(),
    ];

    private static readonly Field[] OfPlan =
    [
        new("name", "Name") { IsRequired = true },
        new("pricePeriod", "Paid", FieldKind.Choice) { IsRequired = true, Choices = ["monthly", "yearly"] },
        new("userLimit", "Users at most", FieldKind.Number) { CanBeEmptied = true, Help = "Empty: any number." },
        new("storageQuotaBytes", "Storage at most (GiB)", FieldKind.GiB) { CanBeEmptied = true, Help = "Database and files together. Empty: any." },
        new("backupSchedule", "Backups", FieldKind.Choice) { IsRequired = true, Choices = ["daily", "weekly"] },
        new("retentionDaily", "Daily backups kept", FieldKind.Number) { IsRequired = true, Value = "7" },
        new("retentionWeekly", "Weekly backups kept", FieldKind.Number) { IsRequired = true, Value = "4" },
        new("retentionMonthly", "Monthly backups kept", FieldKind.Number) { IsRequired = true, Value = "12" },
        new("graceDays", "Grace (days)", FieldKind.Number) { IsRequired = true, Value = "14", Help = "Between a failed payment and the suspension." },
        new("trialDays", "Trial (days)", FieldKind.Number) { Value = "0", Help = "0: no trial." },
        new("autoRenew", "Begins the next period before it is paid", FieldKind.Flag) { Value = "false" },
        new("region", "Region") { CanBeEmptied = true, Help = "Where its tenants stand, unless the order says." },
        new("labels", "Labels", FieldKind.Codes) { Help = "Separated by commas." },
        new("size", "Places of a server", FieldKind.Number) { CanBeEmptied = true, Help = "How many a tenant takes; one unless given." },
        new("allowedModules", "Modules that may be activated", FieldKind.Codes) { CanBeEmptied = true, Help = "Technical names, separated by commas. Empty: all." },
        new("sequence", "Place in lists", FieldKind.Number) { IsRequired = true, Value = "10" },
        new("active", "Open for orders", FieldKind.Flag) { Value = "true" },
        Field.Reason(),
    ];

    public static ConsoleAction AddOffer { get; } = Add("offers", "Add an offer", "An offer is an application with a plan and a template, as people order it.",
        [
            Code,
            new("application", "Application", FieldKind.Choice) { IsRequired = true, Choices = ["odoo", "magento", "drupal"] },
            new("delivery", "Delivery", FieldKind.Choice) { IsRequired = true, Choices = ["shared", "dedicated"] },
            .. OfOffer,
        ]);

    public static ConsoleAction ChangeOffer { get; } = Change("offers", "The offer was changed.", OfOffer);

    public static ConsoleAction RemoveOffer { get; } = Remove("offers", "The offer is taken out of the catalogue. It must have no tenants.", "The offer was removed.");

    public static ConsoleAction AddPlan { get; } = Add("plans", "Add a plan", "A plan says what a tenant may use, how it is paid and how it is backed up.", [Code, .. OfPlan]);

    public static ConsoleAction ChangePlan { get; } = Change("plans", "The plan was changed.", OfPlan);

    public static ConsoleAction RemovePlan { get; } = Remove("plans", "The plan is taken out of the catalogue. It must have no tenants.", "The plan was removed.");

    public static IReadOnlyList<ConsoleAction> All { get; } = [AddOffer, ChangeOffer, RemoveOffer, AddPlan, ChangePlan, RemovePlan];

    private static ConsoleAction Add(string area, string button, string explain, IReadOnlyList<Field> fields) => new(area, "add", "admin", HttpMethod.Post, $"/api/{area}", button)
    {
        Explain = explain,
        Icon = "plus",
        Back = Page,
        Done = "It was added.",
        Fields = fields,
    };

    private static ConsoleAction Change(string area, string done, IReadOnlyList<Field> fields) => new(area, "change", "admin", HttpMethod.Patch, $"/api/{area}/{{id}}", "Edit")
    {
        Explain = Next,
        Icon = "adjustments",
        Back = Page,
        Current = $"/api/{area}/{{id}}",
        Done = done,
        Fields = [.. fields.Select(f => f.Name == "reason" ? f : f with { Value = null })],
    };

    private static ConsoleAction Remove(string area, string explain, string done) => new(area, "remove", "admin", HttpMethod.Delete, $"/api/{area}/{{id}}", "Remove")
    {
        Explain = explain,
        Icon = "trash",
        Back = Page,
        IsDangerous = true,
        TypesCode = true,
        Done = done,
        Fields = [Field.Reason(inQuery: true)],
    };
}
