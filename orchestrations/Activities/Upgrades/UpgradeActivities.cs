using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Upgrades;

/// <summary>Registers the steps of upgrades.</summary>
public static class UpgradeActivities
{
    /// <summary>Adds them under their typed names.</summary>
    public static TaskRegistry AddUpgradeActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddActivity(Contracts.Upgrades.Begin, Make<BeginUpgrade>)
            .AddActivity(Contracts.Upgrades.Check, Make<CheckUpgrade>)
            .AddActivity(Contracts.Upgrades.MakeCopy, Make<MakeUpgradeCopy>)
            .AddActivity(Contracts.Upgrades.Neutralise, Make<NeutraliseCopy>)
            .AddActivity(Contracts.Upgrades.Apply, Make<ApplyRelease>)
            .AddActivity(Contracts.Upgrades.DropCopy, Make<DropUpgradeCopy>)
            .AddActivity(Contracts.Upgrades.TakeInventory, Make<TakeUpgradeInventory>)
            .AddActivity(Contracts.Upgrades.Wait, Make<WaitForUpgrade>)
            .AddActivity(Contracts.Upgrades.Close, Make<CloseForUpgrade>)
            .AddActivity(Contracts.Upgrades.Pass, Make<PassUpgrade>)
            .AddActivity(Contracts.Upgrades.End, Make<EndUpgrade>)
            .AddActivity(Contracts.Upgrades.BeginRollback, Make<BeginUpgradeRollback>)
            .AddActivity(Contracts.Upgrades.EndRollback, Make<EndUpgradeRollback>)
            .AddActivity(Contracts.Upgrades.Sweep, Make<SweepUpgrades>);
    }

    /// <summary>Adds what the steps share.</summary>
    internal static IServiceCollection AddUpgrades(this IServiceCollection services) => services
        .AddSingleton<UpgradeUndoing>()
        .AddSingleton<UpgradePlaces>()
        .AddSingleton<UpgradeCopies>()
        .AddSingleton<UpgradeSessions>()
        .AddSingleton<ReleaseStatements>();

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
