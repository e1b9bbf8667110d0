using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Templates;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Activities.Templates.Versions;

/// <summary>Starts the jobs that drop what retired versions left, once nobody clones from them, and ends what nobody works on any more.</summary>
public sealed class RetiredVersions(
    NpgsqlDataSource database, TemplateRetirements retirements, TemplatePromotions promotions, TemplateVersionStore versions, JobOrchestrations orchestrations,
    DurableTaskClient client)
{
    private const int AtOnce = 20;

    private static readonly Contracts.Inventory Unknown = new()
    {
        Items = [new InventoryItem("inventory", "template-version", InventoryItem.Unknown, "nobody asked the server what is left")],
        FailedUndoSteps = ["nothing was undone"],
    };

    /// <summary>Starts them.</summary>
    public async Task DropUnusedAsync(string who, CancellationToken cancellationToken)
    {
        foreach (var version in await retirements.FindUnusedAsync(AtOnce, cancellationToken))
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            if (await retirements.BeginDropAsync(connection, transaction, version.TemplateId, version.Number, who, cancellationToken) is not { } order)
            {
                continue;
            }

            await client.StartJobAsync(
                Orchestrations.RetireTemplateVersion,
                order,
                order.JobId, JobKinds.RetireTemplateVersion, KeyValuePair.Create("template", order.Code), transaction, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    /// <summary>Ends versions that are being built or tried out by a job which has ended without a word. What a build left is dropped like a retired version's.</summary>
    public async Task EndAbandonedAsync(string who, CancellationToken cancellationToken)
    {
        var atWork = await retirements.FindAtWorkAsync(cancellationToken);
        var ended = await orchestrations.FindEndedAsync([.. atWork.Select(v => v.JobId!)], cancellationToken);
        foreach (var version in atWork.Where(v => ended.Contains(v.JobId)))
        {
            if (version.State == TemplateVersionStates.Trial)
            {
                var order = new PromoteVersionOrder
                {
                    TemplateId = version.TemplateId,
                    Number = version.Number,
                    JobId = version.JobId!,
                    Code = version.Code,
                    RequestedBy = who,
                };
                await promotions.RefuseAsync(new TrialEnd(order, Unknown, $"{JobReasons.EndedFromOutside} What the trial left is dropped when the version is tried again."), cancellationToken);
                continue;
            }

            await versions.MarkFailedAsync(new VersionFailure(version.ToOrder(version.JobId!, "none"), JobReasons.EndedFromOutside, Unknown), cancellationToken);
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await retirements.RetireAsync(connection, transaction, version.TemplateId, version.Number, who, JobReasons.EndedFromOutside, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }
}
