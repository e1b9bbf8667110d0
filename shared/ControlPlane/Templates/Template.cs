using System.Security.Cryptography;
using System.Text.Json;
using Bibind.Contracts;

namespace Bibind.ControlPlane.Templates;

/// <summary>A golden database on one server.</summary>
public sealed record Template
{
    public long Id { get; init; }
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;
    public long ServerId { get; init; }
    public string ServerCode { get; init; } = string.Empty;
    public string Database { get; init; } = string.Empty;
    public IReadOnlyList<string> Modules { get; init; } = [];

    /// <summary>Such as <c>fr_FR</c>.</summary>
    public string Language { get; init; } = string.Empty;

    /// <summary>The application's version, such as <c>18.0</c>.</summary>
    public string? Version { get; init; }

    /// <summary>One of <see cref="TemplateStates"/>.</summary>
    public string State { get; init; } = string.Empty;
    public bool Ready { get; init; }

    /// <summary>Why it could not be made, in words.</summary>
    public string? Reason { get; init; }

    /// <summary>Versions the content; recorded by every tenant that is cloned from it.</summary>
    public string? ContentHash { get; init; }

    /// <summary>Size of the database.</summary>
    public long? Bytes { get; init; }

    /// <summary>What fills it, one of <see cref="Applications"/>.</summary>
    public string Application { get; init; } = Applications.Odoo;

    /// <summary>What it offers; null until somebody has looked.</summary>
    public TemplateContents? Contents { get; init; }
    public int WarmPoolSize { get; init; }

    /// <summary>The templates with the same one are made for different countries and languages, and an order takes the one that fits.</summary>
    public string? Family { get; init; }

    /// <summary>Changes with what a change of the pool's size is made of.</summary>
    public string PoolVersion => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { Id, State, ContentHash, WarmPoolSize })))[..32];
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ReadyAt { get; init; }
}

/// <summary>A database that is on a server already, to be made a template of.</summary>
/// <param name="ContentHash">Versions its content.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Contents">What it offers; null if that could not be read.</param>
/// <param name="Problem">Why it cannot be cloned yet, in words: files that it names are missing, say.</param>
public sealed record FoundTemplate(string ContentHash, long Bytes, TemplateContents? Contents = null, string? Problem = null);

/// <summary>The states of a template.</summary>
public static class TemplateStates
{
    /// <summary>Known from the catalogue; its database is not made yet.</summary>
    public const string Draft = "draft";
    public const string Creating = "creating";
    public const string Ready = "ready";
    public const string Failed = "failed";
}

/// <summary>A template that comes with the product.</summary>
public sealed record CatalogueTemplate
{
    public string Code { get; init; } = string.Empty;
    public string Name { get; init; } = string.Empty;
    public IReadOnlyList<string> Modules { get; init; } = [];
}

/// <summary>Which templates are wanted; null means any.</summary>
public sealed record TemplateFilter
{
    public string? ServerCode { get; init; }
    public string? Code { get; init; }

    /// <summary>One of <see cref="TemplateStates"/>.</summary>
    public string? State { get; init; }
}
