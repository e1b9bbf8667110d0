using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Renews certificates in their time and gives them to the proxy, round after round, for ever.</summary>
public sealed class RenewCertificates : TaskOrchestrator<RenewalRound, Unit>
{
    /// <summary>There is one of it, whatever the number of hosts.</summary>
    public const string InstanceId = "renew-certificates";

    private static readonly TimeSpan ShortestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskOrchestrationContext context, RenewalRound round)
    {
        var next = context.CurrentUtcDateTime + LongestPause;
        var unpublished = new List<string>(round.Unpublished);
        var due = await AskAsync(context, Certificates.FindDue, Unit.Value);
        foreach (var name in due?.Names ?? [])
        {
            var outcome = await AskAsync(context, Certificates.Renew, new CertificateToRenew(name));
            if (outcome is { Renewed: true } && !unpublished.Contains(name))
            {
                unpublished.Add(name);
            }

            if (outcome?.LookAt is { } lookAt && lookAt.UtcDateTime < next)
            {
                next = lookAt.UtcDateTime;
            }
        }

        if (due is null or { MayBeMore: true })
        {
            next = context.CurrentUtcDateTime;
        }

        // One by one and whatever becomes of the others: a certificate that a proxy did not take is tried again.
        var left = new List<string>();
        foreach (var name in unpublished)
        {
            if (!await TryPublishAsync(context, name))
            {
                left.Add(name);
            }
        }

        var earliest = context.CurrentUtcDateTime + ShortestPause;
        await context.CreateTimer(next > earliest ? next : earliest);
        context.ContinueAsNew(new RenewalRound { Unpublished = left });
        return Unit.Value;
    }

    private static async Task<bool> TryPublishAsync(TaskOrchestrationContext context, string name)
    {
        if (await AskAsync(context, Certificates.FindServed, new CertificateToRenew(name)) is not { } served)
        {
            return false;
        }

        var isPublished = true;
        foreach (var place in served.Places)
        {
            isPublished &= await AskAsync(context, Routing.Publish, place) is not null;
        }

        return isPublished;
    }

    /// <summary>Null if it failed: the history has the reason, and one certificate's failure is not the others'.</summary>
    private static async Task<TOutput?> AskAsync<TInput, TOutput>(
        TaskOrchestrationContext context, ActivityDefinition<TInput, TOutput> activity, TInput input)
        where TOutput : class
    {
        try
        {
            return await context.CallActivityAsync(activity, input);
        }
        catch (TaskFailedException)
        {
            return null;
        }
    }
}
