namespace Bibind.ControlPlane.Webhooks;

/// <summary>Settings <c>Webhooks:*</c>.</summary>
public sealed class WebhookOptions
{
    public const string Section = "Webhooks";

    /// <summary>How long a record that asks for a backup again means the one that it asked for already.</summary>
    public TimeSpan RepeatWindow { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long deliveries are kept.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(30);
}
