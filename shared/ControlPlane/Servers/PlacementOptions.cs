using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Servers;

/// <summary>How servers are chosen; section <c>Placement</c>.</summary>
public sealed class PlacementOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Placement";

    /// <summary>
    /// Free places, in per cent of all, that a server must have <b>before</b> a new order to take it. Counted before,
    /// so that a server of one place can be filled: with 20 per cent, a server of 100 takes its 81st tenant and no 82nd.
    /// </summary>
    public int MinimumFreePercent { get; set; } = 20;

    /// <summary>One of <see cref="PlacementStrategies"/>.</summary>
    public string Strategy { get; set; } = PlacementStrategies.Spread;
}

/// <summary>Which of several servers with room is taken.</summary>
public static class PlacementStrategies
{
    /// <summary>The one with the most free places, in per cent of all.</summary>
    public const string Spread = "spread";

    /// <summary>The one with the fewest, so that others stay empty.</summary>
    public const string Pack = "pack";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Spread, Pack];
}

/// <summary>Checks the range.</summary>
internal sealed class PlacementOptionsValidation : IValidateOptions<PlacementOptions>
{
    public ValidateOptionsResult Validate(string? name, PlacementOptions options) =>
        options.MinimumFreePercent is < 0 or > 100
            ? ValidateOptionsResult.Fail($"Placement__MinimumFreePercent is {options.MinimumFreePercent}: it must be 0 to 100.")
            : !PlacementStrategies.All.Contains(options.Strategy)
                ? ValidateOptionsResult.Fail($"Placement__Strategy is '{options.Strategy}': it must be {string.Join(" or ", PlacementStrategies.All)}.")
                : ValidateOptionsResult.Success;
}
