using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Database.Lifecycle;

/// <summary>Clones the template for a tenant and holds the clone back from the application.</summary>
public sealed class CloneDatabase(PostgresConnector postgres, TenantRoleLifecycle roles, TimeProvider time, ILogger<CloneDatabase> logger)
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

            var bytes = await LabelledDatabases.IsStagedAsync(session, target, cancellationToken)
                ? await DatabaseCatalogue.MeasureAsync(session, target.StagingName, cancellationToken)
                : await CopyAsync(session, place.TemplateDatabase, target, cancellationToken);
            await roles.GiveCloneAsync(session, place, target.StagingName, cancellationToken);
            var login = (await postgres.EnterAsync(DatabaseDescriptor.Of(place), cancellationToken)).Login;
            await DatabaseAccess.OpenAsync(session, target.StagingName, login.Role, cancellationToken);
            await LabelledDatabases.PublishAsync(session, target, cancellationToken);
            logger.DatabaseCloned(target.Name, place.TemplateDatabase, bytes);
            return new CloneResult(bytes, AlreadyThere: false);
        });
    }

    /// <returns>The template's size in bytes, which is the copy's.</returns>
    private static async Task<long> CopyAsync(MaintenanceSession session, string template, LabelledDatabase target, CancellationToken cancellationToken)
    {
        var source = await FindTemplateAsync(session, template, cancellationToken);
        var bytes = await DatabaseCatalogue.MeasureAsync(session, template, cancellationToken);
        var create = $"create database {SqlText.Identifier(target.StagingName)} template {SqlText.Identifier(template)} is_template true allow_connections false"
            + CloneStrategy.Clause(session.MajorVersion, bytes);

        await DatabaseSessions.EndAsync(session, template, cancellationToken);
        try
        {
            await session.ExecuteAsync(create, cancellationToken);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            // PostgreSQL waited five seconds for sessions that came after we ended the others, or that we may not end.
            await DatabaseHolds.RefuseAsync(session, source, "cloned", cancellationToken);
            if (await DatabaseSessions.EndAsync(session, template, cancellationToken) == 0)
            {
                throw await InUseAsync(session, template, cancellationToken);
            }

            await CopyAgainAsync(session, template, create, cancellationToken);
        }

        return bytes;
    }

    private static async Task<DatabaseInfo> FindTemplateAsync(MaintenanceSession session, string template, CancellationToken cancellationToken)
    {
        var server = session.Server;
        var source = await DatabaseCatalogue.LookAsync(session, template, cancellationToken)
            ?? throw new PermanentFailureException($"The template database '{template}' does not exist on server '{server.Code}'.");
        if (source.IsInvalid)
        {
            throw new PermanentFailureException(
                $"The template database '{template}' on server '{server.Code}' is invalid, for a DROP of it was interrupted: make the template anew.");
        }

        // Whoever may rename databases could put one of his own in its place.
        var known = await session.Register.FindTemplatesAsync(server.ServerId, template, cancellationToken);
        if (known.Count > 0 && known.All(k => k.Oid != source.Oid))
        {
            throw new PermanentFailureException(
                $"The database '{template}' on server '{server.Code}' (oid {source.Oid}, of role '{source.Owner}') is not the template that was made there: make the template anew.");
        }

        var isLocked = known.Any(k => k.ContentHash is not null) || (source.IsOwnedByUs && source.IsTemplate);
        if (isLocked && source.AllowsConnections && (await DatabaseHolds.ListAsync(session, template, cancellationToken)).Count == 0)
        {
            // It was opened so that somebody could end what held it.
            await session.ExecuteAsync($"alter database {SqlText.Identifier(template)} allow_connections false", cancellationToken);
        }

        return source;
    }

    private static async Task CopyAgainAsync(MaintenanceSession session, string template, string create, CancellationToken cancellationToken)
    {
        try
        {
            await session.ExecuteAsync(create, cancellationToken);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            throw await InUseAsync(session, template, cancellationToken);
        }
    }

    private static async Task<TransientFailureException> InUseAsync(
        MaintenanceSession session, string template, CancellationToken cancellationToken) =>
        new($"The template '{template}' is in use by {await DatabaseSessions.DescribeAsync(session, template, cancellationToken)}"
            + " and cannot be cloned until they disconnect.");
}
