using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Templates.Versions;

/// <summary>
/// Takes a database that somebody else filled as a version: looks into a copy of it, refuses what tenants may not inherit, and locks
/// it. It stays somebody else's: it is never dropped here.
/// </summary>
public sealed class AttachVersion(PostgresConnector postgres, TemplateLook look, TemplateVersionStore versions, ILogger<AttachVersion> logger)
    : TaskActivity<CreateTemplateOrder, TemplateReady>
{
    /// <inheritdoc/>
    public override async Task<TemplateReady> RunAsync(TaskActivityContext context, CreateTemplateOrder version)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(version);
        var cancellationToken = context.CancellationToken;
        await using var session = await postgres.OpenMaintenanceAsync(version.ServerId, $"bibind attach {version.Code}", cancellationToken);
        await session.TranslateErrorsAsync(version.Database, async () =>
        {
            await RequireFreeAsync(session, version, cancellationToken);
            return Unit.Value;
        });
        var seen = await look.RunAsync(version.ServerId, version.Application, version.Database, cancellationToken);
        if (ProblemWith(version, seen) is { } problem)
        {
            throw new PermanentFailureException(problem);
        }

        await session.TranslateErrorsAsync(version.Database, () => LockAsync(session, version.Database, cancellationToken));
        var bytes = await session.TranslateErrorsAsync(version.Database, () => DatabaseCatalogue.MeasureAsync(session, version.Database, cancellationToken));
        var hash = TemplateContent.OfVersion(seen.ContentHash, version.Number);
        await versions.MarkCandidateAsync(version, hash, bytes, seen.Contents, cancellationToken);
        logger.VersionBuilt(version.Code, version.Number, version.Database, hash);
        return new TemplateReady(version.Code, version.Database, hash, bytes);
    }

    private static async Task RequireFreeAsync(MaintenanceSession session, CreateTemplateOrder version, CancellationToken cancellationToken)
    {
        var there = await DatabaseCatalogue.LookAsync(session, version.Database, cancellationToken)
            ?? throw new PermanentFailureException(
                $"There is no database '{version.Database}' on server '{session.Server.Code}': make it there first, or leave 'attach' out to have one built.");
        if (there.IsInvalid)
        {
            throw new PermanentFailureException(
                $"The database '{version.Database}' on server '{session.Server.Code}' is invalid, for a DROP of it was interrupted: make it anew.");
        }

        if (await session.Register.FindAsync(session.Server.ServerId, there.Oid, cancellationToken) is { } known)
        {
            throw new PermanentFailureException($"The database '{version.Database}' on server '{session.Server.Code}' belongs to {known.Holder}: choose another.");
        }
    }

    private static string? ProblemWith(CreateTemplateOrder version, TemplateInfo seen)
    {
        var missing = seen.Contents is null ? [] : version.Modules.Except(seen.Contents.Modules, StringComparer.Ordinal).ToList();
        return seen.Contents is null ? $"The database '{version.Database}' holds no application that is known here, so it cannot be tried out."
            : seen.Problem
            ?? (missing.Count > 0 ? $"The database '{version.Database}' lacks the modules {string.Join(", ", missing)}: install them there, or name those that it has in 'modules'."
            : !seen.Contents.Languages.Contains(version.Language)
                ? $"The database '{version.Database}' does not offer the language '{version.Language}'; it has {string.Join(", ", seen.Contents.Languages)}."
            : seen.Contents.HasDemoData ? $"The database '{version.Database}' was filled with demonstration data: no tenant may inherit it."
            : version.Country is { } country && seen.Contents.FiscalCountry is { } fiscal && fiscal != country
                ? $"The database '{version.Database}' has the taxes and accounts of {fiscal}, not of {country}."
            : seen.Unclean is { Count: > 0 } unclean
                ? $"The database '{version.Database}' holds what no tenant may inherit: {string.Join("; ", unclean)}. Take it out there, or have the version built here."
            : null);
    }

    private static async Task<Unit> LockAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        var database = SqlText.Identifier(name);
        try
        {
            await session.ExecuteAsync(
                $"""
                alter database {database} owner to {SqlText.Identifier(session.Server.DatabaseUser)};
                revoke all on database {database} from public, {SqlText.Identifier(session.Server.ApplicationRole)};
                alter database {database} allow_connections false is_template true
                """,
                cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new PermanentFailureException(
                $"The database '{name}' on server '{session.Server.Code}' cannot be locked, for it is another role's ({refused.MessageText}). "
                + $"Have its owner run ALTER DATABASE {database} OWNER TO {SqlText.Identifier(session.Server.DatabaseUser)}.", refused);
        }

        await DatabaseSessions.EndAsync(session, name, cancellationToken);
        return Unit.Value;
    }
}
