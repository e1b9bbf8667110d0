using System.Text.Json;

namespace Bibind.Activities.Backup;

/// <summary>Lies beside a dump and says what it is; written last, so a backup with a manifest is whole.</summary>
public sealed record BackupManifest
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Of this document.</summary>
    public int FormatVersion { get; init; } = 1;
    public required string Id { get; init; }
    public required long TenantId { get; init; }
    public required string Code { get; init; }
    public required string Kind { get; init; }

    /// <summary>UTC, when the dump began.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
    public required string Database { get; init; }

    /// <summary>Key of the dump.</summary>
    public required string Key { get; init; }
    public required long Bytes { get; init; }

    /// <summary>Lower-case hex.</summary>
    public required string Sha256 { get; init; }
    public required string PostgresVersion { get; init; }
    public required string PgDumpVersion { get; init; }

    /// <summary>Version of the application's base module.</summary>
    public string? ApplicationVersion { get; init; }
    public required string TemplateCode { get; init; }
    public string? TemplateVersion { get; init; }

    /// <summary>As it is stored.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>Reads a stored one.</summary>
    /// <exception cref="JsonException">It is no manifest.</exception>
    public static async Task<BackupManifest> ReadAsync(Stream stored, CancellationToken cancellationToken) =>
        await JsonSerializer.DeserializeAsync<BackupManifest>(stored, Json, cancellationToken)
        ?? throw new JsonException("The manifest is empty.");
}
