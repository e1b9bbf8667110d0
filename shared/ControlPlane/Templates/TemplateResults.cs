namespace Bibind.ControlPlane.Templates;

/// <summary>What became of an order for a template.</summary>
public abstract record TemplateResult;

/// <summary>The template is being made; the job's row is there, the orchestration is the caller's to start in the same transaction.</summary>
public sealed record TemplateCreation(Template Template, string JobId) : TemplateResult;

/// <summary>The database that was there is a template now.</summary>
public sealed record TemplateAttached(Template Template) : TemplateResult;

/// <summary>Nothing was written.</summary>
/// <param name="Field">The field that is in the way.</param>
/// <param name="Message">Why, and what would help.</param>
public sealed record TemplateRefused(TemplateRefusalKind Kind, string Field, string Message) : TemplateResult;

/// <summary>Why a template was refused.</summary>
public enum TemplateRefusalKind
{
    /// <summary>There is no such server.</summary>
    UnknownServer,

    /// <summary>The server is not active.</summary>
    ServerNotActive,

    /// <summary>The server has the template, or is making it.</summary>
    TemplateExists,

    /// <summary>A tenant or another template of the server has the database name.</summary>
    DatabaseTaken,
}
