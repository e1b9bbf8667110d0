using System.Globalization;
using System.Text.RegularExpressions;
using Bibind.Contracts;

namespace Bibind.ControlPlane.Staging;

/// <summary>Checks rules of masking; whether there is what they name, the copy's database says.</summary>
public static partial class MaskingRules
{
    /// <summary>How many an order may have.</summary>
    public const int Most = 200;

    private const int LongestValue = 500;

    private const string NameRule = "must be a name as PostgreSQL has it: at most 63 of a-z, 0-9 and _, not beginning with a digit, such as res_partner";

    /// <summary>What is wrong with the first of them, by the name of rule and member; empty if nothing is.</summary>
    /// <param name="rules">The rules; members may be null where an order was not whole.</param>
    /// <param name="nameOf">The name of a rule's member.</param>
    public static IReadOnlyDictionary<string, string[]> Check(IReadOnlyList<MaskingRule> rules, Func<int, string, string> nameOf)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(nameOf);
        var errors = new ValidationErrors();
        var seen = new HashSet<(string?, string?)>();
        for (var i = 0; i < Math.Min(rules.Count, Most); i++)
        {
            var (rule, number) = (rules[i], i);
            errors.Unless(rule.Table is not null && Name().IsMatch(rule.Table), Field("table"), NameRule);
            errors.Unless(rule.Column is not null && Name().IsMatch(rule.Column), Field("column"), NameRule);
            errors.Unless(MaskingMethods.All.Contains(rule.Method), Field("method"), $"must be {string.Join(", ", MaskingMethods.All)}");
            errors.Unless(
                rule.Method == MaskingMethods.Fixed ? rule.Value is { Length: <= LongestValue } && !rule.Value.Contains('\0', StringComparison.Ordinal) : rule.Value is null || !MaskingMethods.All.Contains(rule.Method),
                Field("value"),
                rule.Method == MaskingMethods.Fixed ? string.Create(CultureInfo.InvariantCulture, $"must be given: what every value becomes, at most {LongestValue} characters") : "must be left out: only the method fixed has one");
            errors.Unless(seen.Add((rule.Table, rule.Column)), Field("column"), "has a rule already: one column is masked once");

            string Field(string member) => nameOf(number, member);
        }

        return errors.ToDictionary();
    }

    [GeneratedRegex(@"\A[a-z_][a-z0-9_]{0,62}\z")]
    private static partial Regex Name();
}
