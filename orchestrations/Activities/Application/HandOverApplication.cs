using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.Suspensions;
using Bibind.Contracts;
using Bibind.ControlPlane.Suspensions;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application;

/// <summary>Lets the application see the configured database by giving it the ownership; the database of a tenant that is to stay suspended is shut instead.</summary>
public sealed class HandOverApplication(
    PostgresConnector postgres, TenantRoleLifecycle roles, ApplicationProviders applications, ISuspensions suspensions, SuspendedDatabases suspended,
    ILogger<HandOverApplication> logger)
    : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        if (await suspensions.FindAsync(place.TenantId, context.CancellationToken) is { IsInForce: true })
        {
            await suspended.ShutAsync(place, context.CancellationToken);
            return Unit.Value;
        }

        await RequireNeutralisedAsync(place, context.CancellationToken);

        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(
            place.ServerId, $"bibind hand over {place.Code}", context.CancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await LabelledDatabases.RequireOursAsync(session, target, "handed over", context.CancellationToken);

            // The pooler first: the application opens every database that it lists.
            await roles.PutAsync(session, place, context.CancellationToken);
            await SuspendedDatabases.AllowAsync(session, place, context.CancellationToken);
            await roles.PublishAsync(session.Server, place, context.CancellationToken);

            // The application lists what it owns and is no template: the last statement is what lets it in.
            var database = SqlText.Identifier(target.Name);
            var role = SqlText.Identifier(session.Server.ApplicationRole);
            await session.ExecuteAsync(
                $"""
                alter database {database} owner to {role};
                grant connect on database {database} to {role};
                alter database {database} is_template false
                """,
                context.CancellationToken);
            logger.DatabaseHandedOver(target.Name, session.Server.ApplicationRole);
            return Unit.Value;
        });
    }

    // Whatever job hands it over: a refreshing that was given up may have left the other tenant's content as it was.
    private async Task RequireNeutralisedAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        if (place.StagingOf is null)
        {
            return;
        }

        await using var entry = await suspended.EnterAsync(place, cancellationToken);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        if (!await session.TranslateErrorsAsync(() => applications.Of(place.Application).IsTenantsAsync(session.Connection, place, cancellationToken)))
        {
            throw new PermanentFailureException($"The database '{place.Database}' of the staging copy '{place.Code}' was not neutralised: it is not handed over. Refresh the copy, or remove it.");
        }
    }
}
