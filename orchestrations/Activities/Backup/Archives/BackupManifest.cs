using System.Text.Json;
using Bibind.Activities.Backup.Encryption;
using Bibind.Activities.Backup.Needs;

namespace Bibind.Activities.Backup.Archives;

/// <summary>Lies beside a dump and says what it is; written last, so a backup with a manifest is whole.</summary>
public sealed record BackupManifest
{
    /// <summary>The dump is stored as <c>pg_dump</c> wrote it.</summary>
    public const int PlainFormat = 1;

    /// <summary>The dump is compressed with Brotli, then encrypted in frames.</summary>
    public const int EncryptedFormat = 2;

    /// <summary>The same, and the tenant's files lie beside it.</summary>
    public const int FormatWithFiles = 3;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Of this document and of what it describes.</summary>
    public int FormatVersion { get; init; } = EncryptedFormat;
    public required string Id { get; init; }
    public required long TenantId { get; init; }
    public required string Code { get; init; }
    public required string Kind { get; init; }

    /// <summary>UTC, when the dump began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    public required string Database { get; init; }

    /// <summary>Key of the dump.</summary>
    public required string Key { get; init; }

    /// <summary>Size of the dump as it is stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the dump as it is stored.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size of the dump itself; not in manifests of the first format, where it is stored as it is.</summary>
    public long? DumpBytes { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the dump itself.</summary>
    public string? DumpSha256 { get; init; }

    /// <summary>For people: <c>brotli</c>.</summary>
    public string? Compression { get; init; }

    /// <summary>For people: <c>aes-256-gcm, frames of 1 MiB</c>.</summary>
    public string? Encryption { get; init; }
    public required string PostgresVersion { get; init; }
    public required string PgDumpVersion { get; init; }

    /// <summary>Encoding of the database, such as <c>UTF8</c>; like the next two not in manifests of the first format.</summary>
    public string? Encoding { get; init; }

    /// <summary>How text is ordered, such as <c>C</c>.</summary>
    public string? Collation { get; init; }

    /// <summary>What counts as a letter.</summary>
    public string? CharacterType { get; init; }

    /// <summary>Who orders text: <c>libc</c>, <c>icu</c> or <c>builtin</c>; like the next two not in manifests of before.</summary>
    public string? LocaleProvider { get; init; }

    /// <summary>The provider's name of the locale; null for libc, which has the two above.</summary>
    public string? Locale { get; init; }

    /// <summary>Rules that are added to an ICU locale.</summary>
    public string? IcuRules { get; init; }

    /// <summary>What restoring it needs, and what does not come back; null in manifests of before.</summary>
    public RestoreNeeds? Needs { get; init; }

    /// <summary>Version of the application's base module.</summary>
    public string? ApplicationVersion { get; init; }
    public required string TemplateCode { get; init; }
    public string? TemplateVersion { get; init; }

    /// <summary>The tenant's files; null in backups without them.</summary>
    public BackupFileStore? FileStore { get; init; }

    /// <summary>Major version of the server that was dumped.</summary>
    internal int PostgresMajor =>
        int.TryParse(PostgresVersion.Split('.', ' ')[0], out var major)
            ? major
            : throw new BackupDamagedException($"its manifest names no version of PostgreSQL but '{PostgresVersion}'");

    /// <summary>What is sealed into the encrypted dump, so that it opens only as this backup of this tenant.</summary>
    internal string Binding => BindingOf(TenantId, Id);

    /// <summary>What does not come back with it, in words.</summary>
    internal IReadOnlyList<string> Notes() => FileStore is { LeftOut: > 0 } files
        ?
        [
            .. Needs?.Notes() ?? [],
            $"Left out of the backup, because such names cannot be restored: {files.LeftOut} files of the file store, such as {string.Join(", ", files.LeftOutNames)}.",
        ]
        : Needs?.Notes() ?? [];

    /// <summary>As it is stored.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads a stored one.</summary>
    /// <exception cref="JsonException">It is no manifest.</exception>
    public static async Task<BackupManifest> ReadAsync(Stream stored, CancellationToken cancellationToken) =>
        await JsonSerializer.DeserializeAsync<BackupManifest>(stored, Json, cancellationToken)
        ?? throw new JsonException("The manifest is empty.");

    internal static string BindingOf(long tenantId, string backupId) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"tenant={tenantId} backup={backupId}");
}
