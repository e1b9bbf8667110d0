using Azure.Core;
using Bibind.ControlPlane.Billing;
using Bibind.Functions.Health;
using Bibind.Functions.Problems;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Functions.Queues;

/// <summary>Composes brokers and consumers.</summary>
internal static class QueuesRegistration
{
    /// <summary>Adds the brokers that the settings name, and consumers of theirs for the queue functions; without any, nothing runs.</summary>
    public static void AddQueues(this IHostApplicationBuilder builder)
    {
        var settings = QueueSettings.Read(builder.Configuration, out var problems);
        builder.Services.AddSingleton(settings).AddOptions<Checked>().ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<Checked>>(new Problems(problems));
        builder.Services.AddSingleton<BillingInbox>().AddSingleton<BillingBacklog>().AddSingleton<BillingHandler>()
            .AddSingleton<BillingEffects>().AddSingleton<BillingMessageStore>().AddSingleton<BillingNotices>();
        builder.Services.AddOptions<BillingOptions>().Bind(builder.Configuration.GetSection(BillingOptions.Section))
            .Validate(o => o.GapLimit >= TimeSpan.Zero && o.GapLimit <= TimeSpan.FromDays(30), "Billing__GapLimit must be 00:00:00 to 30.00:00:00, such as 01:00:00.").ValidateOnStart();
        if (problems.Count > 0)
        {
            return;
        }

        if (settings.Storage is { } storage)
        {
            builder.Services.AddSingleton<IQueueBroker>(services => new StorageBroker(storage, services.GetService<TokenCredential>()));
        }

        if (settings.Sqs is { } sqs)
        {
            builder.Services.AddSingleton<IQueueBroker>(_ => new SqsBroker(sqs));
        }

        if (settings is { Consume: true, CreateQueues: false })
        {
            builder.Services.AddSingleton<IReadinessCheck>(services => new QueuesExistCheck(
                [.. services.GetServices<IQueueBroker>()], services.GetRequiredService<FunctionDeclarations>(), services.GetRequiredService<TimeProvider>()));
        }

        builder.Services.AddSingleton<QueueInvocation>(services =>
            (function, message, cancellation) => services.GetRequiredService<FunctionRunner>().RunAsync(function, message, deadline: null, cancellation));
        builder.Services.AddSingleton(services => QueueGate.Of(
            services.GetRequiredService<NpgsqlDataSource>(), services.GetRequiredService<IControlPlaneReadiness>(), services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<QueueGate>>()));
        builder.Services.AddSingleton<QueueConsumers>()
            .AddSingleton<IReadinessCheck>(services => services.GetRequiredService<QueueConsumers>())
            .AddHostedService(services => services.GetRequiredService<QueueConsumers>());
    }

    private sealed class Checked;

    // What was wrong with the settings is told together with what is wrong with everybody else's.
    private sealed class Problems(IReadOnlyList<string> problems) : IValidateOptions<Checked>
    {
        public ValidateOptionsResult Validate(string? name, Checked options) =>
            problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
