using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Moves;

/// <summary>Registers the steps of moves.</summary>
public static class MoveActivities
{
    /// <summary>Adds them under their typed names.</summary>
    public static TaskRegistry AddMoveActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddActivity(Contracts.Moves.Begin, Make<BeginMove>)
            .AddActivity(Contracts.Moves.Check, Make<CheckMove>)
            .AddActivity(Contracts.Moves.Freeze, Make<FreezeDatabase>)
            .AddActivity(Contracts.Moves.Unfreeze, Make<UnfreezeDatabase>)
            .AddActivity(Contracts.Moves.Compare, Make<CompareCopy>)
            .AddActivity(Contracts.Moves.Switch, Make<SwitchMove>)
            .AddActivity(Contracts.Moves.SwitchBack, Make<SwitchMoveBack>)
            .AddActivity(Contracts.Moves.End, Make<EndMove>)
            .AddActivity(Contracts.Moves.TakeInventory, Make<TakeCopyInventory>)
            .AddActivity(Contracts.Moves.BeginRemoval, Make<BeginCopyRemoval>)
            .AddActivity(Contracts.Moves.EndRemoval, Make<EndCopyRemoval>)
            .AddActivity(Contracts.Moves.RemoveDue, Make<RemoveDueCopies>)
            .AddActivity(Contracts.Moves.DrainNext, Make<DrainNext>)
            .AddActivity(Contracts.Moves.EndDrain, Make<EndDrain>);
    }

    /// <summary>Adds what the steps, and the endpoints that look ahead, share.</summary>
    internal static IServiceCollection AddMoves(this IServiceCollection services) => services
        .AddSingleton<MoveChecks>()
        .AddSingleton<MoveStarts>();

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
