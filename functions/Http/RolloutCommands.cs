using System.Diagnostics.CodeAnalysis;

namespace Bibind.Functions.Http;

/// <summary>An order to bring a change to the tenants of an offer, in waves.</summary>
public sealed record StartRollout
{
    /// <summary>Code of the offer.</summary>
    public required string Offer { get; init; }

    /// <summary>The release of the application. Either this or <see cref="TemplateVersion"/>.</summary>
    [DisallowNull]
    public RolloutRelease? Release { get; init; }

    /// <summary>A version of a template: its modules are upgraded in the tenants that were made of an earlier one.</summary>
    [DisallowNull]
    public RolloutTemplateVersion? TemplateVersion { get; init; }

    /// <summary>Which tenants of the offer; all unless given.</summary>
    [DisallowNull]
    public RolloutTenants? Tenants { get; init; }

    /// <summary>Codes of tenants that belong to the first wave, whatever its size; at most 100.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Canaries { get; init; }

    /// <summary>The waves; one tenant, 5 %, 25 % and 100 % unless given.</summary>
    [DisallowNull]
    public IReadOnlyList<RolloutWaveOrder>? Waves { get; init; }

    /// <summary>Failures up to which a wave that says nothing else is gone on with; 0 unless given.</summary>
    public int? MaxFailures { get; init; }

    /// <summary>The same in per cent of the wave's tenants.</summary>
    public int? MaxFailuresPercent { get; init; }

    /// <summary>Tenants that are upgraded at once, 1 to 100; <c>Rollouts__MaxConcurrent</c> unless given.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>When tenants that have no maintenance window of their own are begun and may be closed; at any time unless given.</summary>
    [DisallowNull]
    public TimeWindow? Window { get; init; }

    /// <summary>True only says which tenants would fall into which wave, and which would be passed over and why.</summary>
    public bool DryRun { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}

/// <summary>A release of an application, and what brings a tenant's database to it.</summary>
public sealed record RolloutRelease : IReleaseCommand
{
    /// <summary>Such as <c>19.0-20261101</c>: 1 to 100 letters, digits, '.', '_', '+' and '-'.</summary>
    public required string Version { get; init; }

    /// <summary><c>odoo-bin</c>, <c>rpc</c> or <c>sql</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The modules that are upgraded; not for <c>sql</c>.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Modules { get; init; }

    /// <summary>What is run, in this order; for <c>sql</c> only.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Statements { get; init; }

    /// <summary>How long the upgrade of a tenant may take, 1 to 240 minutes; 30 unless given.</summary>
    public int? LimitMinutes { get; init; }
}

/// <summary>A version of a template.</summary>
public sealed record RolloutTemplateVersion
{
    /// <summary>Code of the template.</summary>
    public required string Template { get; init; }

    /// <summary>Code of the server that has it.</summary>
    public required string Server { get; init; }

    /// <summary>Number of the version.</summary>
    public required int Number { get; init; }
}

/// <summary>Which tenants of an offer.</summary>
public sealed record RolloutTenants
{
    /// <summary>Only those of the template with this code.</summary>
    [DisallowNull]
    public string? Template { get; init; }

    /// <summary>Only those on the server with this code.</summary>
    [DisallowNull]
    public string? Server { get; init; }

    /// <summary>Only those on servers that have all of these labels.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Only these, at most 1,000.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Codes { get; init; }
}

/// <summary>A wave: either a number of tenants or a share of all, with those of the waves before.</summary>
public sealed record RolloutWaveOrder
{
    /// <summary>How many tenants; for the first wave only.</summary>
    public int? Count { get; init; }

    /// <summary>How many per cent of all tenants have had their turn when it ends.</summary>
    public int? Percent { get; init; }

    /// <summary>Failures up to which it is gone on with.</summary>
    public int? MaxFailures { get; init; }

    /// <summary>The same in per cent of its tenants.</summary>
    public int? MaxFailuresPercent { get; init; }
}

/// <summary>Why a rollout is steered.</summary>
public sealed record SteerRollout
{
    /// <summary>In words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}
