using Bibind.Contracts;

namespace Bibind.ControlPlane.Templates;

/// <summary>One version of a template: a database of its own, with the file store that bears its name.</summary>
public sealed record TemplateVersion
{
    public long TemplateId { get; init; }

    /// <summary>From 1.</summary>
    public int Number { get; init; }

    /// <summary>The template's code.</summary>
    public string Code { get; init; } = string.Empty;

    /// <summary>What fills the template, one of <see cref="Applications"/>.</summary>
    public string Application { get; init; } = Applications.Odoo;
    public long ServerId { get; init; }
    public string ServerCode { get; init; } = string.Empty;

    /// <summary>One of <see cref="TemplateVersionStates"/>.</summary>
    public string State { get; init; } = string.Empty;
    public string Database { get; init; } = string.Empty;

    /// <summary>True if somebody else made the database: it is never dropped here.</summary>
    public bool Attached { get; init; }
    public IReadOnlyList<string> Modules { get; init; } = [];
    public string Language { get; init; } = string.Empty;

    /// <summary>ISO 3166-1 alpha-2 code of the country that it was built for.</summary>
    public string? Country { get; init; }

    /// <summary>The application's version, such as <c>18.0</c>.</summary>
    public string? Version { get; init; }
    public string? ContentHash { get; init; }
    public TemplateContents? Contents { get; init; }

    /// <summary>Size of the database.</summary>
    public long? Bytes { get; init; }

    /// <summary>The share of new orders that takes it before it is current; 0 for none.</summary>
    public int CanaryPercent { get; init; }

    /// <summary>The job that works on it, or worked on it last.</summary>
    public string? JobId { get; init; }

    /// <summary>Why it failed, or was refused at its trial, in words.</summary>
    public string? Reason { get; init; }
    public string RequestedBy { get; init; } = string.Empty;
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>When it passed a trial last.</summary>
    public DateTimeOffset? TriedAt { get; init; }

    /// <summary>When it became current last.</summary>
    public DateTimeOffset? PromotedAt { get; init; }
    public DateTimeOffset? RetiredAt { get; init; }

    /// <summary>When its database and files were gone.</summary>
    public DateTimeOffset? DroppedAt { get; init; }

    /// <summary>Live tenants that came from it.</summary>
    public int Tenants { get; init; }

    /// <summary>As the steps that make and drop its database take it.</summary>
    public CreateTemplateOrder ToOrder(string jobId, string initialisation) => new()
    {
        TemplateId = TemplateId,
        Number = Number,
        JobId = jobId,
        Code = Code,
        Database = Database,
        ServerId = ServerId,
        Application = Application,
        Modules = Modules,
        Language = Language,
        Country = Country,
        Initialisation = initialisation,
    };
}

/// <summary>The states of a version.</summary>
public static class TemplateVersionStates
{
    public const string Building = "building";

    /// <summary>Built; no order takes it, but for the share that it may be given.</summary>
    public const string Candidate = "candidate";

    /// <summary>A clone of it is being tried out.</summary>
    public const string Trial = "trial";

    /// <summary>What orders take.</summary>
    public const string Current = "current";

    /// <summary>What was current before, and can be again at once.</summary>
    public const string Previous = "previous";

    /// <summary>Nobody takes it any more; its database is dropped once nobody clones from it.</summary>
    public const string Retired = "retired";
    public const string Failed = "failed";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Building, Candidate, Trial, Current, Previous, Retired, Failed];
}

/// <summary>Who did what with which version, and why.</summary>
public sealed record TemplateVersionChange
{
    public string ServerCode { get; init; } = string.Empty;
    public int Number { get; init; }

    /// <summary>One of <see cref="TemplateVersionActions"/>.</summary>
    public string Action { get; init; } = string.Empty;
    public string ChangedBy { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public DateTimeOffset ChangedAt { get; init; }
}

/// <summary>What is recorded of a version.</summary>
public static class TemplateVersionActions
{
    public const string Build = "build";
    public const string Attach = "attach";
    public const string Try = "try";
    public const string Refuse = "refuse";
    public const string Canary = "canary";
    public const string Promote = "promote";
    public const string Rollback = "rollback";
    public const string Retire = "retire";
}

/// <summary>A version to build. What is left out is as in the current one.</summary>
public sealed record NewTemplateVersion
{
    /// <summary>The template's code.</summary>
    public required string Code { get; init; }

    /// <summary>Code of the server.</summary>
    public required string Server { get; init; }

    /// <summary><c>template_{code}_v{number}</c> unless given.</summary>
    public string? Database { get; init; }

    /// <summary>True if the database is there already.</summary>
    public bool IsAttached { get; init; }
    public IReadOnlyList<string>? Modules { get; init; }
    public string? Language { get; init; }
    public string? Country { get; init; }

    /// <summary>The application's version, such as <c>18.0</c>.</summary>
    public string? Version { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }
    public required string RequestedBy { get; init; }
}

/// <summary>What became of an order about a version.</summary>
public abstract record TemplateVersionResult
{
    private TemplateVersionResult()
    {
    }

    /// <summary>The job's row is there; its orchestration is the caller's to start in the same transaction.</summary>
    public sealed record Begun(TemplateVersion Version, string JobId) : TemplateVersionResult;

    /// <summary>It is done.</summary>
    public sealed record Done(TemplateVersion Version) : TemplateVersionResult;

    /// <summary>Nothing was written.</summary>
    /// <param name="Field">The field that is in the way.</param>
    /// <param name="Message">Why, and what would help.</param>
    public sealed record Refused(TemplateVersionRefusal Kind, string Field, string Message) : TemplateVersionResult;
}

/// <summary>Why an order about a version was refused.</summary>
public enum TemplateVersionRefusal
{
    /// <summary>There is no such template or version.</summary>
    NotFound,

    /// <summary>The server is not active.</summary>
    ServerNotActive,

    /// <summary>The template is not ready: it has no version yet.</summary>
    TemplateNotReady,

    /// <summary>A tenant, a template or another version has the database name.</summary>
    DatabaseTaken,

    /// <summary>Another version is being tried out, or gets a share of the orders.</summary>
    Busy,

    /// <summary>The version's state does not allow it.</summary>
    WrongState,
}
