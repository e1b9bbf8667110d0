namespace Bibind.Activities.Callers;

/// <summary>Settings <c>Callbacks:*</c>.</summary>
public sealed class CallbackOptions
{
    public const string Section = "Callbacks";

    /// <summary>True lets a callback reach private, loopback and link-local addresses; only where callers are trusted.</summary>
    public bool AllowPrivateTargets { get; set; }

    /// <summary>How long a caller may take to answer.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);
}
