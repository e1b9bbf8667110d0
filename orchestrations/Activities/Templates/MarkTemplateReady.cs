using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Templates;

/// <summary>Hashes the template's content, takes it from who built it, locks it against connections and tells the control database.</summary>
public sealed class MarkTemplateReady(
    PostgresConnector postgres, ApplicationProviders applications, ITemplateDirectory directory, ILogger<MarkTemplateReady> logger)
    : TaskActivity<CreateTemplateOrder, TemplateReady>
{
    /// <inheritdoc/>
    public override async Task<TemplateReady> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        var target = LabelledDatabase.Of(order);
        await using var session = await postgres.OpenMaintenanceAsync(order.ServerId, $"bibind lock {order.Code}", cancellationToken);
        var sight = await session.TranslateErrorsAsync(
            target.Name, () => LabelledDatabases.RequireOursAsync(session, target, "made a template", cancellationToken));

        // A locked database cannot be read any more, so the hash is remembered for the next attempt before it is locked.
        var (hash, contents) = sight.AllowsConnections ? await ReadAsync(order, cancellationToken) : (RememberedHash(order, sight), null);
        await session.Register.RecordAsync(sight.Known! with { ContentHash = hash }, cancellationToken);
        var builder = (await postgres.EnterAsync(DatabaseDescriptor.Of(order), cancellationToken)).Login.Role;
        await session.TranslateErrorsAsync(target.Name, async () =>
        {
            var database = SqlText.Identifier(target.Name);
            await session.ExecuteAsync(
                $"""
                comment on database {database} is {SqlText.Literal($"{target.Mark} hash={hash}")};
                alter database {database} owner to {SqlText.Identifier(session.Server.DatabaseUser)};
                revoke all on database {database} from public, {SqlText.Identifier(session.Server.ApplicationRole)}, {SqlText.Identifier(builder)};
                alter database {database} allow_connections false is_template true
                """,
                cancellationToken);
            return await DatabaseSessions.EndAsync(session, target.Name, cancellationToken);
        });

        var bytes = await session.TranslateErrorsAsync(target.Name, () => DatabaseCatalogue.MeasureAsync(session, target.Name, cancellationToken));
        await directory.MarkReadyAsync(order.TemplateId, order.JobId, hash, bytes, contents, cancellationToken);
        logger.TemplateReady(order.Code, order.Database, hash);
        return new TemplateReady(order.Code, order.Database, hash, bytes);
    }

    private async Task<(string Hash, TemplateContents? Contents)> ReadAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        await using var content = await postgres.OpenAsync(DatabaseDescriptor.Of(order), cancellationToken);
        return await content.TranslateErrorsAsync(async () => (
            await TemplateContent.HashAsync(content.Connection, cancellationToken),
            await applications.Of(order.Application).FindContentsAsync(content.Connection, cancellationToken)));
    }

    private static string RememberedHash(CreateTemplateOrder order, DatabaseInfo sight) =>
        sight.Known?.ContentHash
        ?? throw new PermanentFailureException($"The database '{order.Database}' takes no connections and was not locked by us: its content cannot be read.");
}
