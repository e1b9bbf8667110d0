using System.Security.Cryptography;
using System.Text;
using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Templates;

/// <summary>What a template that somebody else made offers, and why it cannot be cloned.</summary>
/// <param name="Contents">Null if it holds no application that we know.</param>
/// <param name="Problem">Null if it can be cloned.</param>
/// <param name="ContentHash">Versions its content.</param>
/// <param name="Unclean">What no tenant may inherit and is in it, in words.</param>
public sealed record TemplateInfo(TemplateContents? Contents, string? Problem, string ContentHash = "", IReadOnlyList<string>? Unclean = null);

/// <summary>What a copy of a template showed.</summary>
internal sealed record TemplateSight(TemplateContents? Contents, IReadOnlyList<NamedFile> Named, string ContentHash, IReadOnlyList<string> Unclean);

/// <summary>Looks into a template that takes no connections: into a copy, which is dropped again.</summary>
public sealed class TemplateLook(PostgresConnector postgres, TemplateFiles files, ApplicationProviders applications)
{
    /// <summary>Looks.</summary>
    /// <param name="serverId">Its server.</param>
    /// <param name="application">What it should hold, one of <see cref="Applications"/>.</param>
    /// <param name="database">Its database.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TemplateInfo> RunAsync(long serverId, string application, string database, CancellationToken cancellationToken)
    {
        var provider = applications.Of(application);

        // By the template's name, so that the next look drops what one that died has left; one at a time, since hosts start together.
        var copy = new DatabaseDescriptor(serverId, $"bibind-look-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(database)))[..16]}", TenantId: null);
        var isAlone = $"hashtextextended({SqlText.Literal(copy.Database)}, 0)";
        await using var session = await postgres.OpenMaintenanceAsync(serverId, $"bibind look {copy.Database}", cancellationToken);
        await session.TranslateErrorsAsync(database, async () =>
        {
            await session.ExecuteAsync($"select pg_advisory_lock({isAlone})", cancellationToken);
            return Unit.Value;
        });
        try
        {
            await session.TranslateErrorsAsync(database, async () =>
            {
                await ForcedDrop.RunAsync(session, copy.Database, cancellationToken);
                await DatabaseSessions.EndAsync(session, database, cancellationToken);
                var bytes = await DatabaseCatalogue.MeasureAsync(session, database, cancellationToken);
                await session.ExecuteAsync(
                    $"create database {SqlText.Identifier(copy.Database)} template {SqlText.Identifier(database)} is_template true allow_connections false{CloneStrategy.Clause(session.MajorVersion, bytes)}",
                    cancellationToken);
                var entry = await postgres.EnterAsync(copy, cancellationToken);
                await DatabaseAccess.OpenAsync(session, copy.Database, entry.Login.Role, cancellationToken);
                return Unit.Value;
            });
            var sight = await ReadAsync(copy, provider, cancellationToken);
            return new TemplateInfo(
                sight.Contents, await files.FindProblemAsync(serverId, database, sight.Named, cancellationToken), sight.ContentHash, sight.Unclean);
        }
        finally
        {
            using var cleanup = LeaseFence.SuspendForCleanup();
            await ForcedDrop.RunAsync(session, copy.Database, CancellationToken.None);
            await session.ExecuteAsync($"select pg_advisory_unlock({isAlone})", CancellationToken.None);
        }
    }

    private async Task<TemplateSight> ReadAsync(DatabaseDescriptor copy, IApplication provider, CancellationToken cancellationToken)
    {
        await using var content = await postgres.OpenAsync(copy, cancellationToken);
        return await content.TranslateErrorsAsync(async () => new TemplateSight(
            await provider.FindContentsAsync(content.Connection, cancellationToken),
            await provider.ListFilesAsync(content.Connection, cancellationToken),
            await TemplateContent.HashAsync(content.Connection, cancellationToken),
            await provider.FindUncleanAsync(content.Connection, cancellationToken)));
    }
}
