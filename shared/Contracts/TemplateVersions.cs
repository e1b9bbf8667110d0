using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>Which version of a template is tried out.</summary>
/// <param name="TemplateId">The template.</param>
/// <param name="Number">Its version.</param>
public sealed record TemplateTrial(long TemplateId, int Number);

/// <summary>A version of a template to build, or to take over from a database that is on the server.</summary>
public sealed record BuildVersionOrder
{
    /// <summary>What it is built like; its number, its database and its job.</summary>
    public required CreateTemplateOrder Version { get; init; }

    /// <summary>True if the database is there already, filled by somebody else.</summary>
    public bool IsAttached { get; init; }
}

/// <summary>A version of a template that could not be built.</summary>
/// <param name="Version">The version.</param>
/// <param name="Reason">Why, in words.</param>
/// <param name="Inventory">Proof of what is left of it.</param>
public sealed record VersionFailure(CreateTemplateOrder Version, string Reason, Inventory Inventory);

/// <summary>A candidate to try out and then to promote.</summary>
public sealed record PromoteVersionOrder
{
    public required long TemplateId { get; init; }
    public required int Number { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }

    /// <summary>1 to 99: the share of new orders that takes it, which stays a candidate; null makes it the current one.</summary>
    public int? CanaryPercent { get; init; }

    /// <summary>Who ordered it.</summary>
    public required string RequestedBy { get; init; }

    /// <summary>Why, in words.</summary>
    public string Reason { get; init; } = string.Empty;
}

/// <summary>How a trial ended.</summary>
/// <param name="Order">What was to be promoted.</param>
/// <param name="Inventory">Proof of what is left of the trial.</param>
/// <param name="Reason">Why it failed, in words; null if it did not.</param>
public sealed record TrialEnd(PromoteVersionOrder Order, Inventory Inventory, string? Reason = null);

/// <summary>A version that passed its trial.</summary>
/// <param name="Code">The template.</param>
/// <param name="Number">The version.</param>
/// <param name="Database">What is cloned from now on.</param>
/// <param name="ContentHash">Versions its content.</param>
/// <param name="CanaryPercent">The share of new orders that takes it; null if all do.</param>
public sealed record VersionPromoted(string Code, int Number, string Database, string ContentHash, int? CanaryPercent);

/// <summary>A version whose database is gone, or was left because it is not ours.</summary>
/// <param name="Code">The template.</param>
/// <param name="Number">The version.</param>
/// <param name="Inventory">Proof of what is left of it.</param>
public sealed record VersionRetired(string Code, int Number, Inventory Inventory);

/// <summary>How the removal of a version ended.</summary>
/// <param name="Version">The version.</param>
/// <param name="Inventory">Proof of what is left of it.</param>
/// <param name="Reason">Why it failed, in words; null if it did not.</param>
public sealed record RetirementEnd(CreateTemplateOrder Version, Inventory Inventory, string? Reason = null);

/// <summary>What to look for: a version, or the trial of one.</summary>
/// <param name="Version">The version; null for a trial.</param>
/// <param name="Trial">The trial; null for a version.</param>
public sealed record VersionInventoryRequest(CreateTemplateOrder? Version, TenantDescriptor? Trial);

/// <summary>The versions of templates. Their databases are made and dropped as those of templates, and tried out as those of tenants.</summary>
public static class TemplateVersions
{
    private static readonly RetryPolicy Quick = new(8, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromSeconds(30));
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Checks a database that somebody else filled and locks it; its content is read in a copy.</summary>
    public static readonly ActivityDefinition<CreateTemplateOrder, TemplateReady> Attach = new("template_versions.attach", Policies.Act);

    /// <summary>Locks the database against connections, hashes its content and makes the version a candidate.</summary>
    public static readonly ActivityDefinition<CreateTemplateOrder, TemplateReady> MarkCandidate = new("template_versions.mark_candidate", Policies.Act);
    public static readonly ActivityDefinition<VersionFailure, Unit> MarkFailed = new("template_versions.mark_failed", Stubborn);

    /// <summary>Finds the candidate and decides where it is tried out.</summary>
    public static readonly ActivityDefinition<PromoteVersionOrder, TenantDescriptor> BeginTrial = new("template_versions.begin_trial", Quick);

    /// <summary>Makes the version the current one, or gives it its share of the orders, in one transaction.</summary>
    public static readonly ActivityDefinition<TrialEnd, VersionPromoted> Promote = new("template_versions.promote", Quick);

    /// <summary>Makes the version a candidate again, with the reason.</summary>
    public static readonly ActivityDefinition<TrialEnd, Unit> Refuse = new("template_versions.refuse", Stubborn);

    /// <summary>Ends the removal of a version that nobody clones from.</summary>
    public static readonly ActivityDefinition<RetirementEnd, VersionRetired> EndRetirement = new("template_versions.end_retirement", Stubborn);

    /// <summary>Asks the server what is left of a version, or of its trial.</summary>
    public static readonly ActivityDefinition<VersionInventoryRequest, Inventory> TakeInventory = new("template_versions.take_inventory", Quick);
}
