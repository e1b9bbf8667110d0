using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.Durable;

namespace Bibind.Activities.Backup;

/// <summary>A database that a backup is restored into beside everything else. Only who owns the tenant's content connects to it, and the application does not see it.</summary>
internal static class ScratchDatabase
{
    // Views and sequences are not counted; nor is what belongs to an extension's own schema, for PostgreSQL's are left out.
    private const string CountTablesSql = """
        select count(*)::int from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
        """;

    // Who orders text is chosen by database from PostgreSQL 15 on, rules of ICU from 16.
    private const int FirstWithProviders = 15;

    private static readonly string[] CoreTables = ["res_users", "res_company", "ir_module_module", "ir_attachment"];

    /// <summary>The name while a tenant's database is restored.</summary>
    public static string NameForRestore(TenantDescriptor place) =>
        string.Create(CultureInfo.InvariantCulture, $"bibind-restore-{place.TenantId}-{place.Code}");

    /// <summary>What a tenant's backup is restored into.</summary>
    public static KnownDatabase ForRestore(TenantDescriptor place) => new()
    {
        ServerId = place.ServerId,
        Oid = null,
        Name = NameForRestore(place),
        Holder = DatabaseHolder.Tenant(place.TenantId),
        Purpose = DatabasePurposes.Restore,
    };

    /// <summary>What a backup is tried out in.</summary>
    public static KnownDatabase ForTrial(long serverId, BackupRef backup) => new()
    {
        ServerId = serverId,
        Oid = null,
        Name = NameForTrial(backup),
        Holder = DatabaseHolder.Tenant(backup.TenantId),
        Purpose = DatabasePurposes.Trial,
    };

    /// <summary>The name while a backup is tried out.</summary>
    public static string NameForTrial(BackupRef backup) => string.Create(
        CultureInfo.InvariantCulture,
        $"bibind-verify-{backup.TenantId}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(backup.BackupId)))[..12]}");

    /// <summary>Makes it empty, as the one that was dumped; one that an earlier attempt left is dropped before.</summary>
    /// <param name="session">On the server.</param>
    /// <param name="wanted">Its name, and whose it is.</param>
    /// <param name="entry">Who will fill it: only a database's owner may make tables in it.</param>
    /// <param name="manifest">What it was.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PermanentFailureException">The name is taken by a database that is not ours.</exception>
    public static async Task CreateAsync(
        MaintenanceSession session, KnownDatabase wanted, DatabaseEntry entry, BackupManifest manifest, CancellationToken cancellationToken)
    {
        var name = wanted.Name;
        if (!await LabelledDatabases.DropWorkAsync(session, wanted.Holder, name, cancellationToken))
        {
            throw LabelledDatabases.Foreign(session, name);
        }

        // Recorded while it is our login's, which is how an attempt that follows a crash knows it.
        var database = SqlText.Identifier(name);
        await TranslateErrorsAsync(session, manifest, () => session.ExecuteAsync(
            $"create database {database} template template0 is_template true allow_connections false{Locale(manifest, session.MajorVersion)}", cancellationToken));
        var made = await DatabaseCatalogue.LookAsync(session, name, cancellationToken)
            ?? throw new TransientFailureException($"The database '{name}' is not there any more: another attempt of the step has taken over.");
        await session.Register.RecordAsync(wanted with { Oid = made.Oid }, cancellationToken);

        // The application looks for databases that its role owns and that are no templates.
        await session.ExecuteAsync($"alter database {database} owner to {SqlText.Identifier(entry.Login.Role)}", cancellationToken);
        await DatabaseAccess.OpenAsync(session, name, entry.Login.Role, cancellationToken);
    }

    /// <summary>How many tables a restored database has.</summary>
    public static async Task<int> CountTablesAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        await using var command = new Npgsql.NpgsqlCommand(CountTablesSql, session.Connection);
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The rows of the core tables; a table that is missing fails as PostgreSQL says it.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> CountRowsAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        var rows = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in CoreTables)
        {
            await using var command = new Npgsql.NpgsqlCommand($"select count(*) from public.{SqlText.Identifier(table)}", session.Connection);
            rows[table] = (long)(await command.ExecuteScalarAsync(cancellationToken))!;
        }

        return rows;
    }

    private static string Locale(BackupManifest manifest, int major)
    {
        if (manifest is not { Encoding: { } encoding, Collation: { } collation, CharacterType: { } type })
        {
            return string.Empty;
        }

        var names = $" encoding {SqlText.Literal(encoding)} lc_collate {SqlText.Literal(collation)} lc_ctype {SqlText.Literal(type)}";
        return (manifest.LocaleProvider, manifest.Locale) switch
        {
            ("icu", { } locale) => $"{names} locale_provider icu icu_locale {SqlText.Literal(locale)}{Rules(manifest.IcuRules, major)}",
            ("builtin", { } locale) => $"{names} locale_provider builtin builtin_locale {SqlText.Literal(locale)}",
            ("libc", _) when major >= FirstWithProviders => $"{names} locale_provider libc",
            _ => names,
        };
    }

    private static string Rules(string? rules, int major) =>
        rules is not null && major > FirstWithProviders ? $" icu_rules {SqlText.Literal(rules)}" : string.Empty;

    // A locale that the server's machine lacks is refused in several ways.
    private static async Task TranslateErrorsAsync(MaintenanceSession session, BackupManifest manifest, Func<Task> create)
    {
        try
        {
            await create();
        }
        catch (Npgsql.PostgresException refused) when (refused.SqlState[..2] is "22" or "42" or "0A" or "XX" && refused.SqlState != "42501")
        {
            var locale = string.Join(", ", new[] { manifest.Encoding, manifest.Collation, manifest.CharacterType, manifest.LocaleProvider, manifest.Locale }.OfType<string>());
            throw new PermanentFailureException(
                $"Server '{session.Server.Code}' cannot make a database as the backup's ({locale}): {refused.MessageText}. Give its machine that locale, restart PostgreSQL and try again.");
        }
    }
}
