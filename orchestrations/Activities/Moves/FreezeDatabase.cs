using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Moves;

/// <summary>
/// Makes a tenant's database unseen by the application and read-only for everybody else, and ends the sessions in it: what is copied
/// from then on is all there is. Our own sessions say for themselves that they write.
/// </summary>
public sealed class FreezeDatabase(PostgresConnector postgres, TenantRoleLifecycle roles) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind freeze {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            await LabelledDatabases.RequireOursAsync(session, target, "closed", cancellationToken);
            await context.EnsureLeaseHeldAsync();
            await roles.WithdrawAsync(session.Server, place, cancellationToken);
            var database = SqlText.Identifier(target.Name);
            await session.ExecuteAsync(
                $"""
                alter database {database} is_template true;
                alter database {database} set default_transaction_read_only = on
                """,
                cancellationToken);
            await DatabaseSessions.EndAsync(session, target.Name, cancellationToken);

            // Visitors see a page meanwhile: nobody is waited for.
            return await DatabaseSessions.FindBeyondUsAsync(session, target.Name, cancellationToken) is { Length: > 0 } others
                ? throw new PermanentFailureException($"The database '{target.Name}' on server '{place.ServerCode}' is in use by {others}, whom we may not end: what they write would not be copied.")
                : Unit.Value;
        });
    }
}

/// <summary>Lets a frozen database be written to again; one that is not frozen, or not there, is left as it is.</summary>
public sealed class UnfreezeDatabase(PostgresConnector postgres) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var target = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind unfreeze {place.Code}", context.CancellationToken);
        return await session.TranslateErrorsAsync(target.Name, async () =>
        {
            if (await LabelledDatabases.FindOursAsync(session, target, context.CancellationToken) is not null)
            {
                await session.ExecuteAsync(
                    $"alter database {SqlText.Identifier(target.Name)} reset default_transaction_read_only", context.CancellationToken);
            }

            return Unit.Value;
        });
    }
}
