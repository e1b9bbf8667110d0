using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Clones the template for a tenant and holds the clone back from the application.</summary>
public sealed class CloneDatabase(PostgresConnector postgres, TimeProvider time, ILogger<CloneDatabase> logger)
    : TaskActivity<TenantPlace, CloneResult>
{
    /// <inheritdoc/>
    public override async Task<CloneResult> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var target = MarkedDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, target.Maker, cancellationToken);
        return await session.InWordsAsync(target.Name, async () =>
        {
            await MarkedDatabases.EndMakersAsync(session, target, time, cancellationToken);
            if (await MarkedDatabases.FindOursAsync(session, target, cancellationToken) is not null)
            {
                return new CloneResult(await MarkedDatabases.MeasureAsync(session, target.Name, cancellationToken), AlreadyThere: true);
            }

            var bytes = await MarkedDatabases.IsStagedAsync(session, target, cancellationToken)
                ? await MarkedDatabases.MeasureAsync(session, target.StagingName, cancellationToken)
                : await CopyAsync(session, place.TemplateDatabase, target, cancellationToken);
            var login = (await postgres.EnterAsync(DatabasePlace.Of(place), cancellationToken)).Login;
            await DatabaseAccess.OpenAsync(session, target.StagingName, login.Role, cancellationToken);
            await MarkedDatabases.PublishAsync(session, target, cancellationToken);
            logger.DatabaseCloned(target.Name, place.TemplateDatabase, bytes);
            return new CloneResult(bytes, AlreadyThere: false);
        });
    }

    /// <returns>The template's size in bytes, which is the copy's.</returns>
    private static async Task<long> CopyAsync(MaintenanceSession session, string template, MarkedDatabase target, CancellationToken cancellationToken)
    {
        _ = await MarkedDatabases.LookAsync(session, template, cancellationToken)
            ?? throw new PermanentFailureException($"The template database '{template}' does not exist on server '{session.Server.Code}'.");
        var bytes = await MarkedDatabases.MeasureAsync(session, template, cancellationToken);
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
            if (await DatabaseSessions.EndAsync(session, template, cancellationToken) == 0)
            {
                throw await InUseAsync(session, template, cancellationToken);
            }

            await CopyAgainAsync(session, template, create, cancellationToken);
        }

        return bytes;
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
