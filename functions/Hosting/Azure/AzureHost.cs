using Azure.Core;
using Azure.Identity;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Settings;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Azure.Functions.Worker.Invocation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>Composes the isolated worker of Azure Functions: the functions of every host, called by the Functions host.</summary>
public static class AzureHost
{
    /// <summary>Builds the worker.</summary>
    /// <param name="args">What the Functions host passes, and settings as <c>--Name=value</c>; they override the environment.</param>
    /// <exception cref="SettingsException">Settings are missing or wrong; all of them are named.</exception>
    public static IHost Build(string[] args)
    {
        var builder = FunctionsApplication.CreateBuilder(args);
        // No setting: this program is nothing else.
        builder.Configuration["Hosting:Kind"] = nameof(HostKind.Azure);
        FunctionsHost.AddServices(builder, out var problems);
        builder.ConfigureFunctionsWebApplication();
        builder.Services.RemoveAll<IFunctionMetadataProvider>();
        builder.Services.AddSingleton<IFunctionMetadataProvider, DeclaredFunctions>()
            .AddSingleton<IFunctionExecutor, DeclaredFunctionExecutor>()
            .AddSingleton<HttpPipeline>()
            .AddSingleton<RunningInvocations>().AddHostedService(services => services.GetRequiredService<RunningInvocations>())
            .AddSingleton<IStartupFilter, HeldRequests>();
        if (QueueSettings.Read(builder.Configuration, out _).Storage is { ServiceUri: not null } storage)
        {
            builder.Services.AddSingleton<TokenCredential>(new ManagedIdentityCredential(
                storage.ClientId is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(storage.ClientId)));
        }

        var host = builder.Build();
        SettingsCheck.ThrowIfAny(problems, host.Services);
        return host;
    }
}
