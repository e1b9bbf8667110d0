namespace Bibind.Activities.Tenants;

/// <summary>Settings <c>PendingItems:*</c>.</summary>
public sealed class PendingOptions
{
    public const string Section = "PendingItems";

    /// <summary>False if nothing is done about what tenants lack; it stays pending.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often what is due is looked for; one second at least. Each item has waits of its own, which grow.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(15);
}
