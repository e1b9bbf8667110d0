using System.Globalization;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.WebConsole.Tests;

/// <summary>Work as it looks in an installation: the steps of an order by their names, each as long as it is told to take.</summary>
internal static class TourOrchestrators
{
    /// <summary>The code of a tenant whose certificate waits for its next attempt.</summary>
    public const string Waiting = "harbour";

    /// <summary>The code of a tenant whose order fails at its route.</summary>
    public const string Failing = "juniper";

    private static readonly (string Name, int Milliseconds)[] BesideEachOther =
        [("credentials.prepare", 60), ("database.clone", 850), ("dns.create_record", 240), ("certificates.issue", 640), ("storage.create_bucket", 130)];

    private static readonly (string Name, int Milliseconds)[] AfterEachOther =
        [("application.configure", 420), ("routing.publish", 90), ("application.hand_over", 310), ("application.smoke_test", 180), ("tenants.activate", 40)];

    public static TaskRegistry Registry()
    {
        var registry = new TaskRegistry()
            .AddOrchestrator(Orchestrations.ProvisionTenant, _ => new Provision())
            .AddOrchestrator(Orchestrations.AddDomain, _ => new Standing());
        foreach (var (name, _) in BesideEachOther.Concat(AfterEachOther))
        {
            registry.AddActivity(name, _ => new Step());
        }

        return registry;
    }

    private sealed record StepOrder(string Tenant, string Database, string Host, int Milliseconds);

    private sealed record StepDone(string Tenant, string Done);

    private sealed class Provision : TaskOrchestrator<ProvisionTenantOrder, TenantReady>
    {
        public override async Task<TenantReady> RunAsync(TaskOrchestrationContext context, ProvisionTenantOrder input)
        {
            await Task.WhenAll(BesideEachOther.Select(step => DoAsync(context, step, input.Code)));
            foreach (var step in AfterEachOther)
            {
                await DoAsync(context, step, input.Code);
            }

            return new TenantReady { TenantId = input.TenantId, Code = input.Code, Database = input.Code, Host = $"{input.Code}.example.test", BaseUrl = $"https://{input.Code}.example.test" };
        }

        private static Task<StepDone> DoAsync(TaskOrchestrationContext context, (string Name, int Milliseconds) step, string code) => context.CallActivityAsync<StepDone>(
            step.Name, new StepOrder(code, code, $"{code}.example.test", step.Milliseconds), new TaskOptions { Retry = new RetryPolicy(2, TimeSpan.FromMinutes(15)) });
    }

    private sealed class Standing : TaskOrchestrator<DomainOrder, DomainOutcome>
    {
        public override Task<DomainOutcome> RunAsync(TaskOrchestrationContext context, DomainOrder input) => context.WaitForExternalEvent<DomainOutcome>(Domains.ValidateEvent);
    }

    private sealed class Step : TaskActivity<StepOrder, StepDone>
    {
        public override async Task<StepDone> RunAsync(TaskActivityContext context, StepOrder input)
        {
            await Task.Delay(input.Milliseconds);
            return (context.Name.ToString(), input.Tenant) switch
            {
                ("certificates.issue", Waiting) => throw new InvalidOperationException("The authority answered 429: too many certificates for example.test this hour."),
                ("routing.publish", Failing) => throw new PermanentFailureException("The proxy answered 502. Look whether it runs, then go on from this step."),
                _ => new StepDone(input.Tenant, string.Create(CultureInfo.InvariantCulture, $"{context.Name} in {input.Milliseconds} ms")),
            };
        }
    }
}
