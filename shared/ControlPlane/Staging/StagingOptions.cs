using Bibind.Contracts;

namespace Bibind.ControlPlane.Staging;

/// <summary>Settings <c>Staging:*</c>.</summary>
public sealed class StagingOptions
{
    public const string Section = "Staging";

    /// <summary>How long a copy lives unless its order says.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How long it may live from an order or a change on.</summary>
    public TimeSpan LongestLifetime { get; set; } = TimeSpan.FromDays(90);

    /// <summary>What is masked in a copy whose order says nothing about it.</summary>
    public IList<StagingMaskingOptions> Masking { get; } = [];

    /// <summary>The same as rules.</summary>
    public IReadOnlyList<MaskingRule> Rules =>
        [.. Masking.Select(m => new MaskingRule { Table = m.Table, Column = m.Column, Method = m.Method, Value = m.Value })];
}

/// <summary>Settings <c>Staging:Masking:{n}:*</c>.</summary>
public sealed class StagingMaskingOptions
{
    public string Table { get; set; } = string.Empty;
    public string Column { get; set; } = string.Empty;
    public string Method { get; set; } = string.Empty;
    public string? Value { get; set; }
}
