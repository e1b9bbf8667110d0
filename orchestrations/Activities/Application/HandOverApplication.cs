using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application;

/// <summary>Lets the application see the configured database by giving it the ownership.</summary>
public sealed class HandOverApplication(PostgresConnector postgres, TenantRoleLifecycle roles, ILogger<HandOverApplication> logger)
    : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(
            place.ServerId, $"bibind hand over {place.Code}", context.CancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await LabelledDatabases.RequireOursAsync(session, target, "handed over", context.CancellationToken);

            // The pooler first: the application opens every database that it lists.
            await roles.PutAsync(session, place, context.CancellationToken);
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
}
