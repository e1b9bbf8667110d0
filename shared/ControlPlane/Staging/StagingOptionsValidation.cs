using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Staging;

/// <summary>Says everything that is wrong with settings <c>Staging:*</c> at once.</summary>
public sealed class StagingOptionsValidation : IValidateOptions<StagingOptions>
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, StagingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var wrong = new List<string>();
        if (options.LongestLifetime < TimeSpan.FromHours(1) || options.LongestLifetime > Longest)
        {
            wrong.Add("Staging__LongestLifetime must be one hour to 365 days, such as 90.00:00:00.");
        }

        if (options.Lifetime < TimeSpan.FromHours(1) || options.Lifetime > options.LongestLifetime)
        {
            wrong.Add("Staging__Lifetime must be one hour to Staging__LongestLifetime, such as 14.00:00:00.");
        }

        wrong.AddRange(MaskingRules.Check(options.Rules, (i, member) => FormattableString.Invariant($"Staging__Masking__{i}__{char.ToUpperInvariant(member[0])}{member[1..]}")).Select(e => $"{e.Key} {string.Join("; ", e.Value)}."));
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
