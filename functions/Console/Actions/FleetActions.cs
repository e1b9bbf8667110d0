namespace Bibind.WebConsole.Actions;

/// <summary>What is done with servers, templates, rollouts, billing's messages, notices and findings.</summary>
internal static class FleetActions
{
    private const string Servers = "servers";
    private const string ServerPage = "/console/servers/{id}";
    private const string RolloutPage = "/console/rollouts/{id}";
    private const string MessagePage = "/console/billing/{id}";

    public static ConsoleAction AddServer { get; } = new(Servers, "add", "admin", HttpMethod.Post, "/api/servers", "Add a server")
    {
        Explain = "The server is entered as a draft; nothing is touched there. Activate it when its connection test passes.",
        Icon = "plus",
        Back = "/console/servers",
        Done = "The server was entered. Activate it when it is ready.",
        Fields =
        [
            new("code", "Code") { IsRequired = true }, new("name", "Name") { IsRequired = true },
            new("url", "Address of the application") { IsRequired = true, Help = "Such as http://10.0.0.5:8069." },
            new("region", "Region"), new("labels", "Labels", FieldKind.Codes) { Help = "Separated by commas." },
            new("databaseHost", "Host of its PostgreSQL") { IsRequired = true }, new("databasePort", "Port of its PostgreSQL", FieldKind.Number) { Value = "5432" },
            new("databaseUser", "Maintenance role") { IsRequired = true, Value = "bibind_maintenance" }, new("databasePassword", "Its password", FieldKind.Password) { IsRequired = true },
            new("applicationRole", "Application role") { IsRequired = true, Value = "odoo" }, new("applicationPassword", "Its password", FieldKind.Password) { IsRequired = true },
            new("maxTenants", "Tenants at most", FieldKind.Number) { Value = "100" },
        ],
    };

    public static ConsoleAction ChangeServer { get; } = new(Servers, "change", "admin", HttpMethod.Patch, "/api/servers/{id}", "Edit")
    {
        Explain = "A new address of an active server is tested before it counts.",
        Icon = "adjustments",
        Back = ServerPage,
        Current = "/api/servers/{id}",
        Done = "The server was changed.",
        Fields =
        [
            new("name", "Name") { IsRequired = true }, new("description", "Description", FieldKind.Lines) { CanBeEmptied = true },
            new("region", "Region") { CanBeEmptied = true }, new("labels", "Labels", FieldKind.Codes) { Help = "Separated by commas." },
            new("maxTenants", "Tenants at most", FieldKind.Number) { IsRequired = true }, Field.Reason(),
        ],
    };

    public static ConsoleAction CheckServer { get; } = new(Servers, "check", "manager", HttpMethod.Post, "/api/servers/{id}/health", "Check now")
    {
        Explain = "The server is checked now.",
        Icon = "refresh",
        Back = ServerPage,
        AtOnce = true,
        Done = "The server was checked.",
    };

    public static ConsoleAction Activate { get; } = new(Servers, "activate", "admin", HttpMethod.Post, "/api/servers/{id}/activate", "Activate")
    {
        Explain = "Each connection is tested; if all work, the server takes tenants.",
        Icon = "player-play",
        Back = ServerPage,
        Done = "The server is active.",
    };

    public static ConsoleAction Maintenance { get; } = OfServer("maintenance", "Maintenance", "settings", "The server takes no new tenants and is not checked; its tenants stay.");

    public static ConsoleAction Drain { get; } = OfServer("drain", "Drain", "download", "The server takes no new tenants from now on. Then move those that it has.");

    public static ConsoleAction Undrain { get; } = OfServer("undrain", "End draining", "player-play", "The server takes new tenants again.");

    public static ConsoleAction EmptyServer { get; } = new(Servers, "move-tenants", "admin", HttpMethod.Post, "/api/servers/{id}/moves", "Move its tenants")
    {
        Explain = "The tenants of the draining server move elsewhere, some at a time.",
        Icon = "arrow-right",
        Back = ServerPage,
        Fields = [new("atOnce", "At once", FieldKind.Number) { Help = "1 to 100." }],
    };

    public static ConsoleAction RemoveServer { get; } = new(Servers, "remove", "admin", HttpMethod.Delete, "/api/servers/{id}", "Remove")
    {
        Explain = "The control plane forgets the server. It must have no tenants; nothing is touched there.",
        Icon = "trash",
        Back = "/console/servers",
        IsDangerous = true,
        TypesCode = true,
        Done = "The server was removed.",
        Fields = [Field.Reason(inQuery: true)],
    };

    public static ConsoleAction Promote { get; } = new("templates", "promote", "admin", HttpMethod.Post, "/api/templates/{id}/versions/{of}/promote", "Promote")
    {
        Explain = "The candidate is tried out in a clone; if that passes, new orders take it, all or a share.",
        Icon = "player-play",
        Back = "/console/templates/{id}",
        Fields = [new("canaryPercent", "Share of new orders (%)", FieldKind.Number) { Help = "1 to 99; all unless given." }, Field.Reason()],
    };

    public static ConsoleAction RollBackVersion { get; } = new("templates", "roll-back", "admin", HttpMethod.Post, "/api/templates/{id}/versions/{of}/rollback", "Roll back")
    {
        Explain = "The version is taken back at once: new orders take the one before it.",
        Icon = "rotate-clockwise",
        Back = "/console/templates/{id}",
        IsDangerous = true,
        Fields = [Field.Reason()],
    };

    public static ConsoleAction Retire { get; } = new("templates", "retire", "admin", HttpMethod.Post, "/api/templates/{id}/versions/{of}/retire", "Retire")
    {
        Explain = "The version is taken out of use; its database is dropped once nobody clones from it.",
        Icon = "archive",
        Back = "/console/templates/{id}",
        IsDangerous = true,
        Fields = [Field.Reason()],
    };

    public static ConsoleAction PauseRollout { get; } = OfRollout("pause", "Pause", "player-pause", "No further tenant is begun.");

    public static ConsoleAction ResumeRollout { get; } = OfRollout("resume", "Resume", "player-play", "The rollout goes on.");

    public static ConsoleAction CancelRollout { get; } = OfRollout("cancel", "Call off", "ban", "The rollout ends; tenants that were upgraded stay so.") with { IsDangerous = true };

    public static ConsoleAction SkipTenant { get; } = OfRolloutTenant("skip", "Skip", "The tenant is not upgraded by this rollout.");

    public static ConsoleAction HoldTenant { get; } = OfRolloutTenant("hold", "Hold", "The tenant waits until somebody releases it.");

    public static ConsoleAction ReleaseTenant { get; } = OfRolloutTenant("release", "Release", "The tenant has its turn.");

    public static ConsoleAction RetryTenant { get; } = OfRolloutTenant("retry", "Try again", "The tenant is upgraded once more.");

    public static ConsoleAction RollBackTenant { get; } = OfRolloutTenant("rollback", "Roll back", "The tenant becomes what it was before.") with { IsDangerous = true };

    public static ConsoleAction EditMessage { get; } = new("billing", "edit", "admin", HttpMethod.Put, "/api/billing/messages/{id}", "Edit")
    {
        Explain = "What the message says is corrected; what it was stays on record. Replay it then.",
        Icon = "adjustments",
        Back = MessagePage,
        Current = "/api/billing/messages/{id}",
        Done = "The message was corrected. Replay it now.",
        Fields = [new("type", "Type") { IsRequired = true, From = "message.type" }, new("data", "Data", FieldKind.Json) { IsRequired = true, From = "data" }, Field.Reason()],
    };

    public static ConsoleAction Replay { get; } = new("billing", "replay", "admin", HttpMethod.Post, "/api/billing/messages/{id}/replay", "Replay")
    {
        Explain = "The message is applied now, as if it had just come.",
        Icon = "player-play",
        Back = MessagePage,
        AtOnce = true,
        Done = "The message was replayed; its state says what became of it.",
    };

    public static ConsoleAction DeleteMessage { get; } = new("billing", "delete", "admin", HttpMethod.Delete, "/api/billing/messages/{id}", "Give up")
    {
        Explain = "The message is given up and never applied. It stays on record.",
        Icon = "trash",
        Back = MessagePage,
        IsDangerous = true,
        Done = "The message was given up.",
        Fields = [Field.Reason(inQuery: true)],
    };

    public static ConsoleAction Resend { get; } = new("notices", "resend", "manager", HttpMethod.Post, "/api/notices/{id}/resend", "Send again")
    {
        Explain = "The notice is sent again to everybody whom it was sent to, or could not be sent to.",
        Icon = "send",
        Back = "/console/deliveries/notices",
        AtOnce = true,
        Done = "The notice is sent again.",
    };

    public static ConsoleAction Reconcile { get; } = new("findings", "run", "manager", HttpMethod.Post, "/api/reconciliation/run", "Compare now")
    {
        Explain = "Tenants are compared with what there is of them, within a minute.",
        Icon = "refresh",
        Back = "/console/findings",
        Done = "Tenants are compared within a minute.",
        Fields = [new("tenant", "Tenant") { Help = "Its code; all unless given." }],
    };

    public static IReadOnlyList<ConsoleAction> All { get; } =
    [
        AddServer, ChangeServer, CheckServer, Activate, Maintenance, Drain, Undrain, EmptyServer, RemoveServer, Promote, RollBackVersion, Retire, PauseRollout, ResumeRollout, CancelRollout,
        SkipTenant, HoldTenant, ReleaseTenant, RetryTenant, RollBackTenant, EditMessage, Replay, DeleteMessage, Resend, Reconcile,
    ];

    private static ConsoleAction OfServer(string name, string button, string icon, string explain) => new(Servers, name, "admin", HttpMethod.Post, $"/api/servers/{{id}}/{name}", button)
    {
        Explain = explain,
        Icon = icon,
        Back = ServerPage,
        Done = "The server was changed.",
        Fields = [Field.Reason()],
    };

    private static ConsoleAction OfRollout(string name, string button, string icon, string explain) => new("rollouts", name, "admin", HttpMethod.Post, $"/api/rollouts/{{id}}/{name}", button)
    {
        Explain = explain,
        Icon = icon,
        Back = RolloutPage,
        Done = "The rollout was changed.",
        Fields = [Field.Reason()],
    };

    private static ConsoleAction OfRolloutTenant(string name, string button, string explain) =>
        new("rollouts", $"tenant-{name}", "admin", HttpMethod.Post, $"/api/rollouts/{{id}}/tenants/{{of}}/{name}", button)
        {
            Explain = explain,
            Back = RolloutPage,
            Done = "The tenant's turn was changed.",
            Fields = [Field.Reason()],
        };
}
