using System.Diagnostics;
using Bibind.ControlPlane.Pools;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>A clone to make.</summary>
/// <param name="Template">The template's database.</param>
/// <param name="Name">The name of the clone, which only we use.</param>
/// <param name="ContentHash">The template's version; null if it has none, so that nothing is remembered of it.</param>
/// <param name="IsInBackground">True if nobody waits for it.</param>
internal sealed record CloneRequest(string Template, string Name, string? ContentHash, bool IsInBackground);

/// <summary>Copies a template's database.</summary>
internal static class TemplateClone
{
    /// <summary>Copies it. The copy is ours, takes no connections, and is held back from the application.</summary>
    /// <returns>The template's size in bytes, which is the copy's.</returns>
    public static async Task<long> CopyAsync(MaintenanceSession session, ICloneTimes times, CloneRequest request, CancellationToken cancellationToken)
    {
        var template = request.Template;
        var source = await FindTemplateAsync(session, template, cancellationToken);
        var version = request.ContentHash is { } hash ? new CloneSource(session.Server.ServerId, template, hash) : null;
        var known = version is null ? [] : await times.ListAsync(version, cancellationToken);
        var bytes = known.Count > 0 ? known[0].Bytes : await DatabaseCatalogue.MeasureAsync(session, template, cancellationToken);
        var offered = await CloneStrategy.ListAsync(session, bytes, cancellationToken);
        var strategy = CloneStrategy.Choose(offered, known, bytes, request.IsInBackground);

        await DatabaseSessions.EndAsync(session, template, cancellationToken);
        var began = Stopwatch.GetTimestamp();
        await CreateAsync(session, source, request, strategy, cancellationToken);
        if (version is not null && strategy is not null && !known.Any(t => t.Strategy == strategy && (t.Milliseconds is not null || !request.IsInBackground)))
        {
            int? took = request.IsInBackground ? (int)Stopwatch.GetElapsedTime(began).TotalMilliseconds : null;
            await times.RememberAsync(version, new CloneTime(strategy, bytes, took), cancellationToken);
        }

        return bytes;
    }

    private static async Task CreateAsync(
        MaintenanceSession session, DatabaseInfo source, CloneRequest request, string? strategy, CancellationToken cancellationToken)
    {
        var template = request.Template;
        var create = $"create database {SqlText.Identifier(request.Name)} template {SqlText.Identifier(template)} is_template true allow_connections false"
            + CloneStrategy.Clause(strategy);
        if (strategy == CloneStrategy.FileCopyClone)
        {
            // Of this session, which is reset before another uses it.
            await session.ExecuteAsync("set file_copy_method = clone", cancellationToken);
        }

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
