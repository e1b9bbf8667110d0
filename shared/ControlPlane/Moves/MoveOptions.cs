namespace Bibind.ControlPlane.Moves;

/// <summary>Settings <c>Moves:*</c>.</summary>
public sealed class MoveOptions
{
    public const string Section = "Moves";

    /// <summary>How long the copy on the former server is kept unless the move is confirmed before.</summary>
    public TimeSpan KeepCopy { get; set; } = TimeSpan.FromDays(7);

    /// <summary>Moves off a server that is drained, at once.</summary>
    public int AtOnce { get; set; } = 2;
}
