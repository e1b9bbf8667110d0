using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Templates;

/// <summary>What a template that is locked holds.</summary>
/// <param name="ContentHash">Versions its content.</param>
/// <param name="Bytes">Size of the database.</param>
/// <param name="Contents">What it offers; null if that could not be read.</param>
public sealed record SealedTemplate(string ContentHash, long Bytes, TemplateContents? Contents);

/// <summary>Hashes a template's content, takes it from who built it and locks it against connections.</summary>
public sealed class TemplateSeal(PostgresConnector postgres, ApplicationProviders applications)
{
    /// <summary>Seals it; one that is sealed already stays as it is.</summary>
    /// <exception cref="PermanentFailureException">The database is not there, not ours, or locked by somebody else.</exception>
    public async Task<SealedTemplate> SealAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
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
        return new SealedTemplate(hash, bytes, contents);
    }

    private async Task<(string Hash, TemplateContents? Contents)> ReadAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        await using var content = await postgres.OpenAsync(DatabaseDescriptor.Of(order), cancellationToken);
        return await content.TranslateErrorsAsync(async () => (
            TemplateContent.OfVersion(await TemplateContent.HashAsync(content.Connection, cancellationToken), order.Number),
            await applications.Of(order.Application).FindContentsAsync(content.Connection, cancellationToken)));
    }

    private static string RememberedHash(CreateTemplateOrder order, DatabaseInfo sight) =>
        sight.Known?.ContentHash
        ?? throw new PermanentFailureException($"The database '{order.Database}' takes no connections and was not locked by us: its content cannot be read.");
}
