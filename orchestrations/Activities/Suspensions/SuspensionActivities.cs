using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Suspensions;

/// <summary>Registers what suspends tenants, opens them again, and gives them other plans.</summary>
internal static class SuspensionActivities
{
    /// <summary>Adds the services.</summary>
    public static IServiceCollection AddSuspensions(this IServiceCollection services) =>
        services.AddSingleton<SuspendedDatabases>().AddSingleton<SuspensionKeeper>();

    /// <summary>Adds the activities.</summary>
    public static TaskRegistry AddSuspensionActivities(this TaskRegistry registry) => registry
        .AddActivity(Contracts.Suspensions.Begin, Make<BeginSuspension>)
        .AddActivity(Contracts.Suspensions.ShutDatabase, Make<ShutSuspendedDatabase>)
        .AddActivity(Contracts.Suspensions.TakeBack, Make<TakeSuspensionBack>)
        .AddActivity(Contracts.Suspensions.End, Make<EndSuspension>)
        .AddActivity(Contracts.Suspensions.BeginLift, Make<BeginLift>)
        .AddActivity(Contracts.Suspensions.KeepSuspended, Make<KeepSuspended>)
        .AddActivity(Contracts.Suspensions.EndLift, Make<EndLift>)
        .AddActivity(Contracts.PlanChanges.FollowQuota, Make<FollowPlanQuota>)
        .AddActivity(Contracts.PlanChanges.End, Make<EndPlanChange>);

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
