using System.Globalization;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.UsageLimits;

/// <summary>Decides what a measurement means for a limit. No clock, no I/O.</summary>
public static class LimitRules
{
    /// <summary>The thresholds, in per cent.</summary>
    public const int Near = 80;

    /// <inheritdoc cref="Near"/>
    public const int Full = 100;

    /// <summary>A threshold is left where so many per cent less are used: a file more or less tells nobody twice.</summary>
    public const int Hysteresis = 5;

    /// <summary>
    /// How the tenant stands now. What was not measured lately, and what a suspended tenant used before, may only make it better. The grace counts while a
    /// tenant is open: one that was suspended has it anew.
    /// </summary>
    public static LimitStanding Next(LimitStanding standing, LimitAction action, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(standing);
        if (standing.Allowed is not { } allowed)
        {
            return standing with { Reached = 0, OverSince = null, WarnedAt = null };
        }

        if (standing.Used is not { } used)
        {
            return standing;
        }

        var mayRise = standing is { IsCurrent: true, State: TenantStates.Active };
        var reached = ThresholdOf(used, allowed, standing.Reached);
        var over = used <= allowed || standing.State == TenantStates.Suspended ? null : standing.OverSince ?? (mayRise ? now : null);
        return standing with
        {
            Reached = mayRise ? reached : Math.Min(reached, standing.Reached),
            OverSince = over,
            WarnedAt = over is null || action == LimitAction.None ? null : standing.WarnedAt ?? (mayRise ? now : null),
        };
    }

    /// <summary>In words, for letters.</summary>
    public static string Show(string resource, long amount)
    {
        if (resource == LimitedResources.Users)
        {
            return amount.ToString(CultureInfo.InvariantCulture);
        }

        string[] units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        var (value, unit) = ((decimal)amount, 0);
        while (value >= 1024 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Math.Round(value, 1):0.#} {units[unit]}");
    }

    private static int ThresholdOf(long used, long allowed, int before)
    {
        var percent = used * 100m / allowed;
        return percent >= Full - (before >= Full ? Hysteresis : 0) ? Full
            : percent >= Near - (before >= Near ? Hysteresis : 0) ? Near
            : 0;
    }
}
