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
}

/// <summary>Checks the range.</summary>
internal sealed class PlacementOptionsValidation : IValidateOptions<PlacementOptions>
{
    public ValidateOptionsResult Validate(string? name, PlacementOptions options) =>
        options.MinimumFreePercent is >= 0 and <= 100
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Placement__MinimumFreePercent is {options.MinimumFreePercent}: it must be 0 to 100.");
}
