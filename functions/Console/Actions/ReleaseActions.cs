namespace Bibind.WebConsole.Actions;

/// <summary>Releases are brought to tenants; what was there before is given up, or brought back.</summary>
internal static class ReleaseActions
{
    private const string Page = "/console/tenants/{id}/releases";
    private const string PageOf = "/console/tenants/{of}/releases";
    private static readonly string[] Kinds = ["odoo-bin", "rpc", "sql"];

    public static ConsoleAction StartRollout { get; } = new("rollouts", "start", "admin", HttpMethod.Post, "/api/rollouts", "Start a rollout")
    {
        Explain = "A release, or the changes of a template's version, reaches the tenants of an offer in waves: a few first, then more and more. What fails too often stops by itself. "
            + "First you see who would belong to which wave; nothing is begun before you confirm that.",
        Icon = "rocket",
        Back = "/console/rollouts",
        HasDryRun = true,
        Fields =
        [
            new("offer", "Offer", FieldKind.Choice) { IsRequired = true, ChoicesFrom = "/api/offers?pageSize=200", Help = "Whose tenants." },
            new("release.version", "Release") { Help = "Such as 19.0-20261101. Either this or a template's version." },
            new("release.kind", "How it is brought", FieldKind.Choice) { Choices = Kinds, Help = "Needed with a release." },
            new("release.modules", "Modules that are upgraded", FieldKind.Codes) { Help = "Technical names, separated by commas." },
            new("release.statements", "SQL statements", FieldKind.List) { Help = "One a line; for sql alone." },
            new("templateVersion.template", "Template", FieldKind.Choice) { ChoicesFrom = "/api/templates", Help = "In the place of a release: the modules of its version." },
            new("templateVersion.server", "Server of the template", FieldKind.Choice) { ChoicesFrom = "/api/servers?pageSize=200" },
            new("templateVersion.number", "Version of the template", FieldKind.Number),
            new("tenants.server", "Only on the server", FieldKind.Choice) { ChoicesFrom = "/api/servers?pageSize=200" },
            new("canaries", "First of all", FieldKind.Codes) { Help = "Codes of tenants that belong to the first wave." },
            new("waves", "Waves", FieldKind.Json) { Help = "One tenant, 5 %, 25 % and 100 % unless given." },
            new("maxFailures", "Failures of a wave at most", FieldKind.Number) { Help = "0 unless given: the first failure stops it." },
            new("maxConcurrent", "At once", FieldKind.Number) { Help = "1 to 100." },
            new("window.days", "Days", FieldKind.Codes) { Help = "Such as saturday, sunday; any unless given." },
            new("window.from", "From") { Help = "UTC, such as 22:00; at any time unless given." },
            new("window.until", "Until") { Help = "UTC, such as 05:00." },
            Field.Reason(),
        ],
    };

    public static ConsoleAction Upgrade { get; } = new("tenants", "upgrade", "admin", HttpMethod.Post, "/api/tenants/{id}/upgrade", "Upgrade")
    {
        Explain = "The release is rehearsed on a copy first, and brought to the tenant only if that goes well. The backup of before is kept until you confirm.",
        Icon = "rocket",
        Back = Page,
        Fields =
        [
            new("version", "Release") { IsRequired = true, Help = "Such as 19.0-20261101." },
            new("kind", "How it is brought", FieldKind.Choice) { IsRequired = true, Choices = Kinds },
            new("modules", "Modules that are upgraded", FieldKind.Codes) { Help = "Technical names, separated by commas." },
            new("statements", "SQL statements", FieldKind.List) { Help = "One a line; for sql alone." },
            new("dryRun", "Only rehearse it", FieldKind.Flag) { Value = "true" },
            new("notBefore", "Not before", FieldKind.Time) { Help = "UTC; at once unless given." },
            Field.Reason(),
        ],
    };

    public static ConsoleAction ConfirmUpgrade { get; } = new("tenants", "confirm-upgrade", "admin", HttpMethod.Post, "/api/tenants/{id}/upgrade/confirm", "Confirm")
    {
        Explain = "The upgrade stays: the backup of what the tenant was before is deleted by the next sweep, and there is no way back.",
        Icon = "circle-check",
        Back = Page,
        IsDangerous = true,
        Done = "The upgrade was confirmed.",
    };

    public static ConsoleAction RollBackUpgrade { get; } = new("tenants", "roll-back-upgrade", "admin", HttpMethod.Post, "/api/tenants/{id}/upgrade/rollback", "Roll back")
    {
        Explain = "The tenant becomes what it was before its last upgrade. Whatever was entered since is lost.",
        Icon = "rotate-clockwise",
        Back = Page,
        IsDangerous = true,
        TypesCode = true,
        Fields = [Field.Reason()],
    };

    public static ConsoleAction CancelUpgrade { get; } = new("tenants", "cancel-upgrade", "admin", HttpMethod.Post, "/api/tenants/{id}/upgrade/cancel", "Call off")
    {
        Explain = "The upgrade, which waits for its time, is called off.",
        Icon = "ban",
        Back = Page,
        Done = "The upgrade was called off.",
    };

    public static ConsoleAction ConfirmMove { get; } = new("moves", "confirm", "admin", HttpMethod.Post, "/api/moves/{id}/confirm", "Confirm")
    {
        Explain = "The move stays: the copy on the former server is removed, and there is no way back.",
        Icon = "circle-check",
        Back = PageOf,
        IsDangerous = true,
    };

    public static ConsoleAction CancelMove { get; } = new("moves", "cancel", "admin", HttpMethod.Post, "/api/moves/{id}/cancel", "Call off")
    {
        Explain = "The move, which waits for its time, is called off.",
        Icon = "ban",
        Back = PageOf,
        Done = "The move was called off.",
    };

    public static IReadOnlyList<ConsoleAction> All { get; } = [StartRollout, Upgrade, ConfirmUpgrade, RollBackUpgrade, CancelUpgrade, ConfirmMove, CancelMove];
}
