using Bibind.Activities.Application;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Support;

/// <summary>Registers what lets operators into tenants' applications.</summary>
internal static class SupportActivities
{
    /// <summary>Adds the services.</summary>
    public static IServiceCollection AddSupport(this IServiceCollection services) => services.AddSingleton<SupportCleaning>().AddSingleton<SupportInCopies>();

    /// <summary>Adds the activities.</summary>
    public static TaskRegistry AddSupportActivities(this TaskRegistry registry) => registry
        .AddActivity(Contracts.SupportAccesses.Look, Make<LookAtSupportAccess>)
        .AddActivity(Contracts.SupportAccesses.CreateAccount, Make<CreateSupportAccount>)
        .AddActivity(Contracts.SupportAccesses.Open, Make<OpenSupportAccess>)
        .AddActivity(Contracts.SupportAccesses.RemoveAccount, Make<RemoveSupportAccount>)
        .AddActivity(Contracts.SupportAccesses.End, Make<EndSupportAccess>);

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
