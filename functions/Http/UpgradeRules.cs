using System.Text.RegularExpressions;
using Bibind.Contracts;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>What an order to upgrade has to look like, wherever it is given.</summary>
internal static partial class UpgradeRules
{
    private const int MostEntries = 100;
    private const int LongestStatement = 100_000;
    private const int LongestVersion = 100;
    private const int LongestLimit = 240;
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(365);

    /// <summary>Every field that is wrong, with the remedy.</summary>
    public static IReadOnlyDictionary<string, string[]> FindWrong(UpgradeTenantCommand command, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        CheckRelease(command, string.Empty, errors);
        if (command.NotBefore is { } at && (at <= now || at > now + LongestWait))
        {
            errors.Add("notBefore", "must be in the future, and at most a year ahead; leave it out to upgrade at once");
        }

        command.Window?.Check("window", errors);
        if (command is { AtOnce: true, Window: not null } or { AtOnce: true, NotBefore: not null })
        {
            errors.Add("atOnce", "must be left out where 'window' or 'notBefore' is given");
        }

        RecordedReason.Add(errors, command.Reason);
        return errors.ToDictionary();
    }

    /// <summary>Adds what is wrong with a release; its fields stand behind a prefix, such as <c>release.</c>.</summary>
    public static void CheckRelease(IReleaseCommand release, string prefix, FieldErrors errors)
    {
        // Null where it is missing or of another type, which is said elsewhere.
        if (!Version().IsMatch(release.Version ?? string.Empty))
        {
            errors.Add($"{prefix}version", $"must be 1 to {LongestVersion} letters, digits, dots, hyphens, plus signs or underscores, such as 19.0-20261101");
        }

        if (!UpgradeKinds.All.Contains(release.Kind))
        {
            errors.Add($"{prefix}kind", $"must be one of {string.Join(", ", UpgradeKinds.All)}");
        }

        CheckModules(release, $"{prefix}modules", errors);
        CheckStatements(release, $"{prefix}statements", errors);
        if (release.LimitMinutes is < 1 or > LongestLimit)
        {
            errors.Add($"{prefix}limitMinutes", $"must be 1 to {LongestLimit}: how long the upgrade itself may take");
        }
    }

    /// <summary>The release that a command without faults names.</summary>
    public static ApplicationRelease ReleaseOf(IReleaseCommand release) => new()
    {
        Version = release.Version,
        Kind = release.Kind,
        Modules = release.Modules ?? [],
        Statements = release.Statements ?? [],
        LimitMinutes = release.LimitMinutes ?? ApplicationRelease.UsualLimitMinutes,
    };

    private static void CheckModules(IReleaseCommand release, string field, FieldErrors errors)
    {
        var modules = release.Modules ?? [];
        var isSql = release.Kind == UpgradeKinds.Sql;
        if (isSql && modules.Count > 0)
        {
            errors.Add(field, "must be left out for 'sql', which runs 'statements'");
        }
        else if (modules.Count > MostEntries || modules.Any(m => m is null || !Module().IsMatch(m)))
        {
            errors.Add(field, $"must be 1 to {MostEntries} technical names of modules, such as sale_management");
        }
        else if (UpgradeKinds.All.Contains(release.Kind) && !isSql && modules.Count == 0)
        {
            errors.Add(field, $"must name the modules that '{release.Kind}' upgrades, such as base");
        }
    }

    private static void CheckStatements(IReleaseCommand release, string field, FieldErrors errors)
    {
        var statements = release.Statements ?? [];
        var isSql = release.Kind == UpgradeKinds.Sql;
        if (statements.Count > MostEntries || statements.Any(s => string.IsNullOrWhiteSpace(s) || s.Length > LongestStatement || s.Contains('\0', StringComparison.Ordinal)))
        {
            errors.Add(field, $"must be 1 to {MostEntries} statements of SQL, each of at most {LongestStatement} characters");
        }
        else if (statements.FirstOrDefault(s => EndsTransaction().IsMatch(s)) is { } ending)
        {
            errors.Add(field, $"must leave the transaction to us, in which all of them are run: take out '{EndsTransaction().Match(ending).Groups[1].Value}'");
        }
        else if (UpgradeKinds.All.Contains(release.Kind) && !isSql && statements.Count > 0)
        {
            errors.Add(field, $"must be left out for '{release.Kind}', which upgrades 'modules'");
        }
        else if (isSql && statements.Count == 0)
        {
            errors.Add(field, "must hold the statements that 'sql' runs");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+-]{0,99}\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,99}\z")]
    private static partial Regex Module();

    // What it begins with, behind comments; what hides deeper is found when it is run.
    [GeneratedRegex(@"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b", RegexOptions.IgnoreCase | RegexOptions.Singleline, 1000)]
    private static partial Regex EndsTransaction();
}
