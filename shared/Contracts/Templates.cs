using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>A template database to create.</summary>
public sealed record CreateTemplateOrder
{
    public required long TemplateId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
    public required string Database { get; init; }
    public required long ServerId { get; init; }

    /// <summary>What fills it, one of <see cref="Applications"/>.</summary>
    public string Application { get; init; } = Applications.Odoo;

    /// <summary>Modules to install, such as <c>base,web,mail,portal</c>.</summary>
    public required IReadOnlyList<string> Modules { get; init; }

    /// <summary>Language to load, such as <c>fr_FR</c>.</summary>
    public string Language { get; init; } = "en_US";

    /// <summary>ISO 3166-1 alpha-2 code of the country whose taxes and currency it is for; the application's own default unless given.</summary>
    public string? Country { get; init; }

    /// <summary>Which version of the template it is; 1 for the one that the template is made with.</summary>
    public int Number { get; init; } = 1;

    /// <summary><c>odoo-bin</c>, <c>json-rpc</c> or <c>none</c> (the database is filled by someone else).</summary>
    public string Initialisation { get; init; } = "odoo-bin";
}

/// <summary>A template that can be cloned.</summary>
/// <param name="ContentHash">Versions the template: lower-case hex of SHA-256 over its modules and schema.</param>
/// <param name="Bytes">Size of the database.</param>
public sealed record TemplateReady(string Code, string Database, string ContentHash, long Bytes);

/// <summary>Why a template could not be made.</summary>
public sealed record TemplateFailure(long TemplateId, string JobId, string Reason);

/// <summary>The golden databases.</summary>
public static class Templates
{
    private static readonly RetryPolicy Twice = new(2, TimeSpan.FromSeconds(1));

    /// <summary>Checks the server's state and connection, and that the database does not exist yet.</summary>
    public static readonly ActivityDefinition<CreateTemplateOrder, Unit> Check = new("templates.check", Policies.Act);
    public static readonly ActivityDefinition<CreateTemplateOrder, Unit> CreateDatabase = new("templates.create_database", Policies.Act);
    public static readonly ActivityDefinition<CreateTemplateOrder, Unit> DropDatabase = new("templates.drop_database", Policies.Undo);

    /// <summary>Installs the application's modules; limited to five minutes.</summary>
    public static readonly ActivityDefinition<CreateTemplateOrder, Unit> Initialise = new("templates.initialise", Twice);
    public static readonly ActivityDefinition<CreateTemplateOrder, Unit> SmokeTest = new("templates.smoke_test", Policies.Act);

    /// <summary>Locks the database against connections, hashes its content and marks the template ready.</summary>
    public static readonly ActivityDefinition<CreateTemplateOrder, TemplateReady> MarkReady = new("templates.mark_ready", Policies.Act);
    public static readonly ActivityDefinition<TemplateFailure, Unit> MarkFailed = new("templates.mark_failed", Policies.Undo);
}
