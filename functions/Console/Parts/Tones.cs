namespace Bibind.WebConsole.Parts;

/// <summary>What a state means, and so its colour: done, moving, waiting, failed or over.</summary>
public static class Tones
{
    public const string Done = "done";
    public const string Moving = "moving";
    public const string Waiting = "waiting";
    public const string Failed = "failed";
    public const string Over = "over";

    /// <summary>The tone of a state of anything.</summary>
    public static string Of(string? state) => state switch
    {
        "succeeded" or "ok" or "active" or "healthy" or "ready" or "done" or "sent" or "completed" or "upgraded" or "rehearsed" or "moved" or "current" or "taken" or "clean" => Done,
        "running" or "provisioning" or "terminating" or "upgrading" or "restoring" or "moving" or "creating" or "building" or "issuing" or "removing" or "trying" or "promoting" or "retiring" or "rehearsing" or "opening" or "granting" or "ending" => Moving,
        "pending" or "retrying" or "waiting-retry" or "waiting" or "suspended" or "warning" or "maintenance" or "waiting_for_dns" or "trial" or "past_due" or "held" or "paused" or "draft" or "candidate" or "open" or "cancelling" or "scheduled"
            or "passed" or "repeated" or "unknown" => Waiting,
        "failed" or "critical" or "offline" or "parked" or "refused" or "dead" or "halted" or "rejected" or "rehearsal-failed" => Failed,
        _ => Over,
    };
}
