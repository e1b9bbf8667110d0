using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>What becomes of the values of one column in a staging copy.</summary>
public sealed record MaskingRule
{
    /// <summary>A table of the schema <c>public</c>.</summary>
    public required string Table { get; init; }

    public required string Column { get; init; }

    /// <summary>One of <see cref="MaskingMethods"/>.</summary>
    public required string Method { get; init; }

    /// <summary>What every value becomes, for <see cref="MaskingMethods.Fixed"/>; null for the others.</summary>
    public string? Value { get; init; }
}

/// <summary>What a masking does with a value. Where nothing is, nothing is put.</summary>
public static class MaskingMethods
{
    /// <summary>Every value becomes the same.</summary>
    public const string Fixed = "fixed";

    /// <summary>A text becomes a hash that nobody can look up; what was equal stays equal within one copy.</summary>
    public const string Hash = "hash";

    /// <summary>Values are emptied.</summary>
    public const string Null = "null";

    /// <summary>A text becomes an e-mail address that no mail can reach; what was equal stays equal.</summary>
    public const string Email = "email";

    /// <summary>Every method.</summary>
    public static IReadOnlyList<string> All { get; } = [Fixed, Hash, Null, Email];
}

/// <summary>What a staging copy is made of.</summary>
/// <param name="SourceTenantId">The tenant that it is a copy of.</param>
/// <param name="SourceCode">Its code.</param>
/// <param name="Masking">What is masked in it.</param>
public sealed record StagingContent(long SourceTenantId, string SourceCode, IReadOnlyList<MaskingRule> Masking);

/// <summary>A staging copy to be made, already reserved under <see cref="TenantId"/>.</summary>
public sealed record MakeStagingCopyOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
    public required StagingContent Content { get; init; }
}

/// <summary>A tenant that a job makes a copy of.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="JobId">The job.</param>
public sealed record StagingSource(long TenantId, string JobId);

/// <summary>A copy that is neutralised and masked before anything can reach it.</summary>
/// <param name="Place">The copy.</param>
/// <param name="Masking">What is masked in it.</param>
public sealed record StagingTarget(TenantDescriptor Place, IReadOnlyList<MaskingRule> Masking);

/// <summary>What was changed in a table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Columns">Its columns that were written; none where rows were removed.</param>
/// <param name="Rows">How many rows.</param>
public sealed record StagingChange(string Table, IReadOnlyList<string> Columns, long Rows);

/// <summary>A rule that was not applied, because there is nothing that it names.</summary>
/// <param name="Table">The table of the rule.</param>
/// <param name="Column">Its column.</param>
/// <param name="Reason">Why, in words.</param>
public sealed record StagingSkipped(string Table, string Column, string Reason);

/// <summary>What a staging copy is without that its tenant has; names and numbers, never values.</summary>
public sealed record StagingReport
{
    /// <summary>The code of the tenant that it is a copy of.</summary>
    public string Source { get; init; } = string.Empty;

    /// <summary>What the rules changed.</summary>
    public IReadOnlyList<StagingChange> Masked { get; init; } = [];

    /// <summary>Rules that name what does not exist.</summary>
    public IReadOnlyList<StagingSkipped> Skipped { get; init; } = [];

    /// <summary>What was taken from it so that nothing goes out and nothing runs by itself.</summary>
    public IReadOnlyList<StagingChange> Neutralised { get; init; } = [];

    /// <summary>Triggers, rules and forced policies of the tenant's own that were switched off meanwhile.</summary>
    public int SetAside { get; init; }

    /// <summary>True if what its modules say themselves was done too, by their own program.</summary>
    public bool ByModules { get; init; }
}

/// <summary>The backup of which a staging copy is made; it is deleted when the copy is there, or has failed.</summary>
public static class StagingBackups
{
    /// <summary>Its kind.</summary>
    public const string Kind = "staging";
}

/// <summary>Staging copies of tenants.</summary>
public static class Staging
{
    /// <summary>Where the tenant lives that is copied; one that is not active is refused.</summary>
    public static readonly ActivityDefinition<StagingSource, TenantDescriptor> FindSource =
        new("staging.find_source", new RetryPolicy(8, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromSeconds(30)));

    /// <summary>Makes a restored database the copy's own, neutralised and masked, in one transaction; what cannot be done is a failure.</summary>
    public static readonly ActivityDefinition<StagingTarget, StagingReport> Neutralise = new("staging.neutralise", Policies.Act);
}
