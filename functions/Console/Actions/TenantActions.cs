namespace Bibind.WebConsole.Actions;

/// <summary>What is done with tenants, their domains and their backups.</summary>
internal static class TenantActions
{
    private const string Tenants = "tenants";
    private const string Page = "/console/tenants/{id}";
    private const string PageOf = "/console/tenants/{of}";

    public static ConsoleAction Order { get; } = new(Tenants, "order", "manager", HttpMethod.Post, "/api/tenants", "Order a tenant")
    {
        Explain = "A tenant is made and opened: database, bucket, names, certificate, users. It takes a minute or two, and its job shows each step.",
        Icon = "plus",
        Back = "/console/tenants",
        Fields =
        [
            new("code", "Code") { IsRequired = true, Help = "A lower-case letter, then 1 to 30 lower-case letters, digits and hyphens. It becomes part of the address and stays." },
            new("name", "Company") { IsRequired = true, Help = "As the application shows it." },
            new("offer", "Offer", FieldKind.Choice) { IsRequired = true, ChoicesFrom = "/api/offers?active=true&pageSize=200" },
            new("plan", "Plan", FieldKind.Choice) { ChoicesFrom = "/api/plans?active=true&pageSize=200", Help = "The offer's unless chosen." },
            new("template", "Template", FieldKind.Choice) { ChoicesFrom = "/api/templates", Help = "The offer's unless chosen." },
            new("customer", "Customer") { Help = "Their code, as their tokens name them; nobody but operators reaches the tenant without." },
            new("customerName", "Person") { Help = "Who gets the tenant." },
            new("customerEmail", "E-mail address", FieldKind.Email) { Help = "Their login, and where letters go." },
            new("locale.language", "Language") { Help = "Such as fr_FR; en_US unless given." },
            new("locale.timeZone", "Time zone") { Help = "Such as Europe/Paris; UTC unless given." },
            new("locale.currency", "Currency") { Help = "Such as EUR." },
            new("locale.country", "Country") { Help = "Such as FR." },
            new("region", "Region") { Help = "Where it is to stand; the plan's or the offer's unless given." },
            new("maxUsers", "Users at most", FieldKind.Number) { Help = "The plan's unless given." },
        ],
    };

    public static ConsoleAction Change { get; } = new(Tenants, "change", "manager", HttpMethod.Patch, "/api/tenants/{id}", "Edit")
    {
        Explain = "What the control plane knows of the tenant. Its address, its plan and what the application shows stay.",
        Icon = "adjustments",
        Back = Page,
        Current = "/api/tenants/{id}",
        Done = "The tenant was changed.",
        Fields =
        [
            new("name", "Company") { IsRequired = true },
            new("customerName", "Person") { CanBeEmptied = true },
            new("customerEmail", "E-mail address", FieldKind.Email) { CanBeEmptied = true },
            new("maxUsers", "Users at most", FieldKind.Number) { CanBeEmptied = true, Help = "Empty: what the plan says." },
            new("maxStorageBytes", "Storage at most (GiB)", FieldKind.GiB) { CanBeEmptied = true, Help = "Empty: what the plan says." },
            new("maintenanceWindow", "Maintenance window", FieldKind.Json) { CanBeEmptied = true, Help = "When it may be closed without being asked: from, until, days and timeZone, as JSON. Empty: at any time." },
            Field.Reason(isRequired: false),
        ],
    };

    public static ConsoleAction Suspend { get; } = new(Tenants, "suspend", "manager", HttpMethod.Post, "/api/tenants/{id}/suspend", "Suspend")
    {
        Explain = "Visitors get a page instead of the application, the database refuses everybody. Data stay, and backups go on. It can be resumed at any time.",
        Icon = "player-pause",
        Back = Page,
        IsDangerous = true,
        TypesCode = true,
        Fields = [new("cause", "Cause", FieldKind.Choice) { IsRequired = true, Choices = ["payment", "operator"], Help = "It decides what visitors read: a bill that is not paid, or maintenance." }, Field.Reason()],
    };

    public static ConsoleAction Resume { get; } = new(Tenants, "resume", "manager", HttpMethod.Post, "/api/tenants/{id}/resume", "Resume")
    {
        Explain = "The tenant is opened again, whether somebody suspended it or a failed job left it so.",
        Icon = "player-play",
        Back = Page,
        Fields = [Field.Reason(isRequired: false)],
    };

    public static ConsoleAction Destroy { get; } = new(Tenants, "destroy", "admin", HttpMethod.Delete, "/api/tenants/{id}", "Destroy")
    {
        Explain = "The tenant is removed with everything that belongs to it. One last backup is taken and kept unless you say otherwise; without it every backup is deleted, too, and nothing brings the tenant back.",
        Icon = "trash",
        Back = Page,
        IsDangerous = true,
        TypesCode = true,
        Fields = [new("finalBackup", "Last backup", FieldKind.Choice) { InQuery = true, IsRequired = true, Choices = ["true", "false"], Value = "true", Help = "true: one last backup is taken, and all are kept. false: all of them are deleted." }],
    };

    public static ConsoleAction BringBack { get; } = new(Tenants, "bring-back", "admin", HttpMethod.Post, "/api/tenants/{id}/bring-back", "Bring back")
    {
        Explain = "The tenant is made again out of its retained backup, within the grace of its plan.",
        Icon = "rotate-clockwise",
        Back = Page,
    };

    public static ConsoleAction ChangePlan { get; } = new(Tenants, "change-plan", "manager", HttpMethod.Post, "/api/tenants/{id}/change-plan", "Change plan")
    {
        Explain = "The tenant gets the newest version of the plan. What it uses above that is named in the job's notes.",
        Icon = "receipt-2",
        Back = Page,
        Fields = [new("plan", "Plan", FieldKind.Choice) { IsRequired = true, ChoicesFrom = "/api/plans?active=true&pageSize=200" }, Field.Reason()],
    };

    public static ConsoleAction Move { get; } = new(Tenants, "move", "admin", HttpMethod.Post, "/api/tenants/{id}/move", "Move")
    {
        Explain = "The tenant moves to another server. Visitors see a page for as long as the last part is copied; the copy on the old server is kept until you confirm. First you see what speaks against it; nothing is begun before you confirm that.",
        Icon = "arrow-right",
        Back = Page,
        HasDryRun = true,
        Fields =
        [
            new("server", "Server", FieldKind.Choice) { ChoicesFrom = "/api/servers?state=active&pageSize=200", Help = "The best one unless chosen." },
            new("startAt", "Not before", FieldKind.Time) { Help = "UTC; at once unless given." },
            Field.Reason(),
        ],
    };

    public static ConsoleAction Reveal { get; } = new(Tenants, "reveal-credentials", "admin", HttpMethod.Post, "/api/tenants/{id}/credentials/reveal", "Show credentials")
    {
        Explain = "The passwords are shown once, on the next page, and never again. Have the place ready where they belong.",
        Icon = "key",
        Back = Page,
        ShowsSecrets = true,
    };

    public static ConsoleAction Reset { get; } = new(Tenants, "reset-credentials", "manager", HttpMethod.Post, "/api/tenants/{id}/credentials/reset", "New credentials")
    {
        Explain = "Administrator and standard user get new passwords, which can be shown once. The old ones stop working.",
        Icon = "lock",
        Back = Page,
        IsDangerous = true,
    };

    public static ConsoleAction BackUp { get; } = new(Tenants, "back-up", "manager", HttpMethod.Post, "/api/tenants/{id}/backups", "Back up now")
    {
        Explain = "A backup is taken now.",
        Icon = "archive",
        Back = Page + "/backups",
        AtOnce = true,
    };

    public static ConsoleAction AddDomain { get; } = new(Tenants, "add-domain", "manager", HttpMethod.Post, "/api/tenants/{id}/domains", "Add a domain")
    {
        Explain = "The tenant gets a host name of the customer's own. The next page says which records must be set at its DNS; the job waits for them.",
        Icon = "world",
        Back = Page + "/domains",
        Fields = [new("name", "Host name") { IsRequired = true, Help = "Such as shop.example.com." }],
    };

    public static ConsoleAction ValidateDomain { get; } = new("domains", "check", "manager", HttpMethod.Post, "/api/tenants/{of}/domains/{id}/validate", "Check now")
    {
        Explain = "The records are looked at now.",
        Icon = "refresh",
        Back = PageOf + "/domains",
        AtOnce = true,
    };

    public static ConsoleAction RemoveDomain { get; } = new("domains", "remove", "manager", HttpMethod.Delete, "/api/tenants/{of}/domains/{id}", "Remove")
    {
        Explain = "The host name no longer leads to the tenant, and its certificate is given up.",
        Icon = "trash",
        Back = PageOf + "/domains",
        IsDangerous = true,
        TypesCode = true,
    };

    public static ConsoleAction Verify { get; } = new("backups", "verify", "manager", HttpMethod.Post, "/api/backups/{id}/verify", "Verify")
    {
        Explain = "The backup is restored into a database of its own, and what is in it is counted.",
        Icon = "circle-check",
        Back = PageOf + "/backups",
        AtOnce = true,
    };

    public static ConsoleAction Restore { get; } = new("backups", "restore", "admin", HttpMethod.Post, "/api/backups/{id}/restore", "Restore")
    {
        Explain = "The backup takes the place of the tenant's database; what was written since is gone from the application. A backup of the former state is taken first, and kept until it is confirmed or its time is up.",
        Icon = "rotate-clockwise",
        Back = PageOf + "/backups",
        IsDangerous = true,
        TypesCode = true,
        Fields = [new("tenant", "Tenant") { Help = "Its code, to be sure; the backup's own unless given." }],
    };

    public static ConsoleAction ConfirmChange { get; } = new("backups", "confirm", "admin", HttpMethod.Post, "/api/backups/{id}/confirm", "Confirm")
    {
        Explain = "The change before which this backup was taken is right: nobody will go back. The backup is kept only as the plan says.",
        Icon = "circle-check",
        Back = PageOf + "/backups",
    };

    public static ConsoleAction RestoreNew { get; } = new("backups", "restore-new", "admin", HttpMethod.Post, "/api/backups/{id}/restore", "Restore as a new tenant")
    {
        Explain = "A new tenant is made of the backup. The one that it was taken of is not touched.",
        Icon = "plus",
        Back = PageOf + "/backups",
        Fields = [new("newTenant.code", "Code") { IsRequired = true }, new("newTenant.name", "Company") { Help = "The other's unless given." }],
    };

    public static ConsoleAction Download { get; } = new("backups", "download", "admin", HttpMethod.Get, "/api/backups/{id}/download", "Download")
    {
        Explain = "A link to the encrypted object, for fifteen minutes.",
        Icon = "download",
        Back = PageOf + "/backups",
        ShowsSecrets = true,
        Fields = [new("part", "Part", FieldKind.Choice) { InQuery = true, Choices = ["database", "filestore"], Value = "database", IsRequired = true }],
    };

    public static ConsoleAction ChangeSubscription { get; } = new(Tenants, "change-subscription", "admin", HttpMethod.Patch, "/api/tenants/{id}/subscription", "Edit subscription")
    {
        Explain = "What the tenant is paid for. The tenant follows by jobs.",
        Icon = "adjustments",
        Back = Page + "/subscription",
        Current = "/api/tenants/{id}/subscription",
        Done = "The subscription was changed; the tenant follows by jobs.",
        Fields =
        [
            new("plan", "Plan", FieldKind.Choice) { IsRequired = true, ChoicesFrom = "/api/plans?active=true&pageSize=200" },
            new("period", "Period", FieldKind.Choice) { IsRequired = true, Choices = ["monthly", "yearly"] },
            new("paidUntil", "Paid until", FieldKind.Time) { CanBeEmptied = true, Help = "UTC. Empty: no bill drives it, and no clock runs." },
            new("cancelAt", "Ends at", FieldKind.Time) { CanBeEmptied = true, Help = "UTC. Then the tenant is removed, with a last backup. Empty: it does not end." },
            Field.Reason(),
        ],
    };

    public static ConsoleAction RequestSupport { get; } = new(Tenants, "enter", "manager", HttpMethod.Post, "/api/tenants/{id}/support-access", "Enter the application")
    {
        Explain = "You get an account of your own in the application, which is removed at the end. The customer is told; where their plan wants it, they have to consent first.",
        Icon = "key",
        Back = Page + "/support",
        Fields =
        [
            new("level", "Rights", FieldKind.Choice) { Choices = ["user", "administrator"], Value = "user", Help = "As few as will do." },
            new("minutes", "Minutes", FieldKind.Number) { Help = "As the settings say unless given." },
            new("reason", "Reason", FieldKind.Text) { IsRequired = true, Help = "In your words; it is recorded, and the customer reads it." },
        ],
    };

    public static ConsoleAction RevealSupport { get; } = new("support", "credentials", "manager", HttpMethod.Post, "/api/tenants/{of}/support-access/{id}/credentials", "Show credentials")
    {
        Explain = "The password is shown once, on the next page, to whoever asked for the access.",
        Icon = "key",
        Back = PageOf + "/support",
        ShowsSecrets = true,
    };

    public static ConsoleAction RevokeSupport { get; } = new("support", "revoke", "manager", HttpMethod.Post, "/api/tenants/{of}/support-access/{id}/revoke", "End the access")
    {
        Explain = "The account is removed from the application.",
        Icon = "lock",
        Back = PageOf + "/support",
        Fields = [Field.Reason(isRequired: false)],
    };

    public static IReadOnlyList<ConsoleAction> All { get; } =
    [
        Order, Change, Suspend, Resume, Destroy, BringBack, ChangePlan, Move, Reveal, Reset, BackUp, AddDomain, ValidateDomain, RemoveDomain, Verify, Restore, RestoreNew, Download, ChangeSubscription, RequestSupport, RevealSupport, RevokeSupport,
    ];
}
