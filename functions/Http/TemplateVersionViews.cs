using Bibind.ControlPlane.Templates;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>An order for a template's next version. What is left out is as in the current one.</summary>
public sealed record BuildTemplateVersion
{
    /// <summary><c>template_{code}_v{number}</c> unless given.</summary>
    public string? Database { get; init; }

    /// <summary>True takes the database that is there under that name, filled by somebody else, instead of building one.</summary>
    public bool Attach { get; init; }

    /// <summary>Modules to install.</summary>
    public IReadOnlyList<string>? Modules { get; init; }

    /// <summary>Language to load, such as <c>fr_FR</c>.</summary>
    public string? Language { get; init; }

    /// <summary>ISO 3166-1 alpha-2 code of the country whose taxes and currency it is for.</summary>
    public string? Country { get; init; }

    /// <summary>The application's version, such as <c>18.0</c>; as its database says it unless given.</summary>
    public string? Version { get; init; }

    /// <summary><c>odoo-bin</c> unless given, or <c>json-rpc</c>.</summary>
    public string? Initialisation { get; init; }

    /// <summary>In words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}

/// <summary>An order to try a candidate out and then to have new orders take it.</summary>
public sealed record PromoteTemplateVersion
{
    /// <summary>1 to 99: the share of new orders that takes it, while it stays a candidate; all of them unless given.</summary>
    public int? CanaryPercent { get; init; }

    /// <summary>In words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}

/// <summary>Why a version is taken back or out of use.</summary>
public sealed record TemplateVersionReason
{
    /// <summary>In words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}

/// <summary>To which family a template belongs.</summary>
public sealed record AssignFamily
{
    /// <summary>The templates with the same one are made for different countries and languages; null: to none.</summary>
    public required string? Family { get; init; }
}

/// <summary>A version that a job works on.</summary>
public sealed record TemplateVersionAccepted(string Code, string Server, int Number, string State, string Job);

/// <summary>A version of a template as people see it.</summary>
/// <param name="Code">The template.</param>
/// <param name="Server">Code of the server.</param>
/// <param name="Number">From 1.</param>
/// <param name="State">One of <see cref="TemplateVersionStates"/>.</param>
/// <param name="Database">Its database; its file store bears the same name.</param>
/// <param name="Attached">True if somebody else made the database: it is never dropped here.</param>
/// <param name="Modules">The modules that it was ordered with.</param>
/// <param name="Language">The language that it was ordered with.</param>
/// <param name="Country">The country that it was ordered with.</param>
/// <param name="Version">The application's version.</param>
/// <param name="ContentHash">Versions its content.</param>
/// <param name="Bytes">Size of the database.</param>
/// <param name="Offers">What it offers to tenants.</param>
/// <param name="CanaryPercent">The share of new orders that takes it before it is current.</param>
/// <param name="Tenants">Live tenants that came from it.</param>
/// <param name="Job">The job that works on it, or did last.</param>
/// <param name="Reason">Why it failed, or was refused at its trial.</param>
/// <param name="RequestedBy">Who ordered it.</param>
/// <param name="CreatedAt">When it was ordered.</param>
/// <param name="ReadyAt">When it was built.</param>
/// <param name="TriedAt">When it passed a trial last.</param>
/// <param name="PromotedAt">When it became current last.</param>
/// <param name="RetiredAt">When it was taken out of use.</param>
/// <param name="DroppedAt">When its database and files were gone.</param>
public sealed record TemplateVersionView(
    string Code, string Server, int Number, string State, string Database, bool Attached, IReadOnlyList<string> Modules, string Language, string? Country,
    string? Version, string? ContentHash, long? Bytes, TemplateOffer? Offers, int CanaryPercent, int Tenants, string? Job, string? Reason, string RequestedBy,
    DateTimeOffset CreatedAt, DateTimeOffset? ReadyAt, DateTimeOffset? TriedAt, DateTimeOffset? PromotedAt, DateTimeOffset? RetiredAt, DateTimeOffset? DroppedAt)
{
    /// <summary>From a row.</summary>
    public static TemplateVersionView Of(TemplateVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return new TemplateVersionView(
            version.Code, version.ServerCode, version.Number, version.State, version.Database, version.Attached, version.Modules, version.Language,
            version.Country, version.Version, version.ContentHash, version.Bytes, TemplateOffer.Of(version.Contents), version.CanaryPercent, version.Tenants,
            version.JobId, version.Reason is null ? null : JobSteps.Cut(version.Reason), version.RequestedBy, version.CreatedAt, version.ReadyAt,
            version.TriedAt, version.PromotedAt, version.RetiredAt, version.DroppedAt);
    }
}

/// <summary>Who did what with which version, and why.</summary>
public sealed record TemplateVersionChangeView(string Server, int Number, string Action, string ChangedBy, string Reason, DateTimeOffset ChangedAt)
{
    /// <summary>From a row.</summary>
    public static TemplateVersionChangeView Of(TemplateVersionChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return new TemplateVersionChangeView(
            change.ServerCode, change.Number, change.Action, change.ChangedBy, JobSteps.Cut(change.Reason), change.ChangedAt);
    }
}

/// <summary>A tenant and the version that it came from.</summary>
/// <param name="Tenant">Its code.</param>
/// <param name="State">One of <see cref="TenantStates"/>.</param>
/// <param name="Server">Code of the server.</param>
/// <param name="Number">The version that it was cloned from.</param>
/// <param name="ContentHash">The content that it was cloned from.</param>
/// <param name="IsCurrent">True if orders take the same version today.</param>
/// <param name="CreatedAt">When it was ordered.</param>
public sealed record TemplateTenantView(string Tenant, string State, string Server, int Number, string? ContentHash, bool IsCurrent, DateTimeOffset CreatedAt)
{
    /// <summary>From a row.</summary>
    public static TemplateTenantView Of(TemplateTenant tenant)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        return new TemplateTenantView(tenant.Code, tenant.State, tenant.ServerCode, tenant.Number, tenant.ContentHash, tenant.IsCurrent, tenant.CreatedAt);
    }
}

/// <summary>What is wrong with commands about versions.</summary>
internal static class TemplateVersionCommands
{
    public static IReadOnlyDictionary<string, string[]> FindWrong(PromoteTemplateVersion command)
    {
        var errors = new FieldErrors();
        RecordedReason.Add(errors, command.Reason);
        if (command.CanaryPercent is < 1 or > 99)
        {
            errors.Add("canaryPercent", "must be 1 to 99; leave it out for all orders");
        }

        return errors.ToDictionary();
    }

    public static IReadOnlyDictionary<string, string[]> FindWrong(AssignFamily command)
    {
        var errors = new FieldErrors();
        if (command.Family is { } family && !TemplateValidation.IsFamily(family))
        {
            errors.Add("family", TemplateValidation.FamilyRule);
        }

        return errors.ToDictionary();
    }
}
