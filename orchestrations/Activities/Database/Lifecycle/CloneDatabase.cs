using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.ControlPlane.Pools;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>Clones the template for a tenant, or renames the ready clone that its order took, and holds it back from the application.</summary>
public sealed class CloneDatabase(
    PostgresConnector postgres, TenantRoleLifecycle roles, ICloneTimes times, TimeProvider time, ILogger<CloneDatabase> logger)
    : TaskActivity<TenantDescriptor, CloneResult>
{
    /// <inheritdoc/>
    public override async Task<CloneResult> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, target.Maker, cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await LabelledDatabases.EndMakersAsync(session, target, time, cancellationToken);
            if (await LabelledDatabases.FindUsableAsync(session, target, cancellationToken) is not null)
            {
                return new CloneResult(await DatabaseCatalogue.MeasureAsync(session, target.Name, cancellationToken), AlreadyThere: true);
            }

            var isStaged = await LabelledDatabases.IsStagedAsync(session, target, cancellationToken);
            var isWarm = place.Pooled is { } pooled && (isStaged
                ? await PooledDatabases.IsItAsync(session, pooled, target.StagingName, cancellationToken)
                : await PooledDatabases.TryTakeAsync(session, pooled, target, cancellationToken));
            var bytes = isWarm ? place.Pooled!.Bytes
                : isStaged ? await DatabaseCatalogue.MeasureAsync(session, target.StagingName, cancellationToken)
                : await TemplateClone.CopyAsync(
                    session, times, new CloneRequest(place.TemplateDatabase, target.StagingName, place.TemplateVersion, IsInBackground: false), cancellationToken);
            await roles.GiveCloneAsync(session, place, target.StagingName, cancellationToken);
            var login = (await postgres.EnterAsync(DatabaseDescriptor.Of(place), cancellationToken)).Login;
            await DatabaseAccess.OpenAsync(session, target.StagingName, login.Role, cancellationToken);
            await LabelledDatabases.PublishAsync(session, target, cancellationToken);
            logger.DatabaseCloned(target.Name, place.TemplateDatabase, bytes);
            return new CloneResult(bytes, AlreadyThere: false, isWarm);
        });
    }
}
