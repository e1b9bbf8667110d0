using Bibind.ControlPlane.Pools;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Pools;

/// <summary>Settings <c>WarmPools:*</c>.</summary>
public sealed class WarmPoolOptions
{
    public const string Section = "WarmPools";

    /// <summary>False if pools are neither filled nor drained; orders take what is ready all the same.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Clones that each server makes at once for its pools, 1 to 20.</summary>
    public int Concurrency { get; set; } = 2;

    /// <summary>Clones that are dropped in one round, 1 to 100.</summary>
    public int DropBatch { get; set; } = 10;

    /// <summary>Share of a server's disk, in per cent, up to which pools are filled, 1 to 100.</summary>
    public int MaximumDiskPercent { get; set; } = 80;

    /// <summary>Orders that began longer ago no longer keep pools from being filled: they wait for something else.</summary>
    public TimeSpan OrdersFirst { get; set; } = TimeSpan.FromMinutes(5);

    internal WarmPoolLimits Limits => new()
    {
        AtOnce = Concurrency,
        DroppedAtOnce = DropBatch,
        MaximumDiskPercent = MaximumDiskPercent,
        OrdersFirst = OrdersFirst,
    };
}

/// <summary>Says what is wrong with the settings, all of it at once.</summary>
internal sealed class WarmPoolOptionsValidation : IValidateOptions<WarmPoolOptions>
{
    public ValidateOptionsResult Validate(string? name, WarmPoolOptions options)
    {
        var problems = new List<string>();
        Need(options.Concurrency is >= 1 and <= 20, "WarmPools__Concurrency must be 1 to 20.");
        Need(options.DropBatch is >= 1 and <= 100, "WarmPools__DropBatch must be 1 to 100.");
        Need(options.MaximumDiskPercent is >= 1 and <= 100, "WarmPools__MaximumDiskPercent must be 1 to 100.");
        Need(options.OrdersFirst >= TimeSpan.Zero && options.OrdersFirst <= TimeSpan.FromDays(1), "WarmPools__OrdersFirst must be 00:00:00 to 1.00:00:00.");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Need(bool isTrue, string problem)
        {
            if (!isTrue)
            {
                problems.Add(problem);
            }
        }
    }
}
