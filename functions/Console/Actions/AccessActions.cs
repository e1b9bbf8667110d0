namespace Bibind.WebConsole.Actions;

/// <summary>Who may come in: tokens that operators make, and sessions of the console.</summary>
internal static class AccessActions
{
    private const string Page = "/console/access";

    public static ConsoleAction MakeToken { get; } = new("access", "make-token", "manager", HttpMethod.Post, "/api/operator-tokens", "Make a token")
    {
        Explain = "The token is shown once, on the next page, and is nowhere afterwards. It can do what its role can, and no more than yours.",
        Icon = "plus",
        Back = Page,
        ShowsSecrets = true,
        Shown = [("token", "Token"), ("info name", "Name"), ("info role", "Role"), ("info customer", "Customer"), ("info expiresAt", "Ends")],
        Fields =
        [
            new("name", "Name") { IsRequired = true, Help = "Whose it is; it is recorded with what they do." },
            new("role", "Role", FieldKind.Choice) { IsRequired = true, Choices = ["viewer", "manager", "admin"] },
            new("customer", "Customer") { Help = "Their code: the token reaches their tenants alone. Empty for operators." },
            new("expiresAt", "Ends", FieldKind.Time) { Help = "UTC; in a year unless given." },
            new("reason", "For what") { Help = "In your words; it is recorded." },
        ],
    };

    public static ConsoleAction RevokeToken { get; } = new("access", "revoke-token", "manager", HttpMethod.Delete, "/api/operator-tokens/{id}", "Revoke")
    {
        Explain = "The token opens nothing any more, nor do sessions that were begun with it. That cannot be taken back.",
        Icon = "ban",
        Back = Page,
        IsDangerous = true,
        Done = "The token was revoked.",
    };

    public static ConsoleAction EndSession { get; } = new("access", "end-session", "admin", HttpMethod.Delete, "/api/console-sessions/{id}", "Sign out")
    {
        Explain = "Whoever it is has to sign in again.",
        Icon = "logout",
        Back = Page,
        Done = "The session was ended.",
    };

    public static IReadOnlyList<ConsoleAction> All { get; } = [MakeToken, RevokeToken, EndSession];
}
