using System.Globalization;
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
        // Null where it is missing or of another type, which is said elsewhere.
        if (!Version().IsMatch(command.Version ?? string.Empty))
        {
            errors.Add("version", $"must be 1 to {LongestVersion} letters, digits, dots, hyphens, plus signs or underscores, such as 19.0-20261101");
        }

        if (!UpgradeKinds.All.Contains(command.Kind))
        {
            errors.Add("kind", $"must be one of {string.Join(", ", UpgradeKinds.All)}");
        }

        FindWrongContent(command, errors);
        if (command.LimitMinutes is < 1 or > LongestLimit)
        {
            errors.Add("limitMinutes", $"must be 1 to {LongestLimit}: how long the upgrade itself may take");
        }

        if (command.NotBefore is { } at && (at <= now || at > now + LongestWait))
        {
            errors.Add("notBefore", "must be in the future, and at most a year ahead; leave it out to upgrade at once");
        }

        if (command.Window is { } window)
        {
            FindWrong(window, errors);
        }

        if (ServerReason.ProblemWith(command.Reason) is { } reason)
        {
            errors.Add("reason", reason);
        }

        return errors.ToDictionary();
    }

    /// <summary>The release that a command without faults names.</summary>
    public static ApplicationRelease ReleaseOf(UpgradeTenantCommand command) => new()
    {
        Version = command.Version,
        Kind = command.Kind,
        Modules = command.Modules ?? [],
        Statements = command.Statements ?? [],
        LimitMinutes = command.LimitMinutes ?? new ApplicationRelease { Version = string.Empty, Kind = string.Empty }.LimitMinutes,
    };

    /// <summary>The window that a command without faults names; null if it names none.</summary>
    public static MaintenanceWindow? WindowOf(UpgradeTenantCommand command) => command.Window is not { } window ? null : new MaintenanceWindow
    {
        From = TimeOf(window.From)!.Value,
        Until = TimeOf(window.Until)!.Value,
        Days = [.. (window.Days ?? []).Select(day => DayOf(day)!.Value).Distinct()],
    };

    private static void FindWrongContent(UpgradeTenantCommand command, FieldErrors errors)
    {
        var modules = command.Modules ?? [];
        var isSql = command.Kind == UpgradeKinds.Sql;
        if (isSql && modules.Count > 0)
        {
            errors.Add("modules", "must be left out for 'sql', which runs 'statements'");
        }
        else if (modules.Count > MostEntries || modules.Any(m => m is null || !Module().IsMatch(m)))
        {
            errors.Add("modules", $"must be 1 to {MostEntries} technical names of modules, such as sale_management");
        }
        else if (UpgradeKinds.All.Contains(command.Kind) && !isSql && modules.Count == 0)
        {
            errors.Add("modules", $"must name the modules that '{command.Kind}' upgrades, such as base");
        }

        var statements = command.Statements ?? [];
        if (statements.Count > MostEntries || statements.Any(s => string.IsNullOrWhiteSpace(s) || s.Length > LongestStatement || s.Contains('\0', StringComparison.Ordinal)))
        {
            errors.Add("statements", $"must be 1 to {MostEntries} statements of SQL, each of at most {LongestStatement} characters");
        }
        else if (statements.FirstOrDefault(s => EndsTransaction().IsMatch(s)) is { } ending)
        {
            errors.Add("statements", $"must leave the transaction to us, in which all of them are run: take out '{EndsTransaction().Match(ending).Groups[1].Value}'");
        }
        else if (UpgradeKinds.All.Contains(command.Kind) && !isSql && statements.Count > 0)
        {
            errors.Add("statements", $"must be left out for '{command.Kind}', which upgrades 'modules'");
        }
        else if (isSql && statements.Count == 0)
        {
            errors.Add("statements", "must hold the statements that 'sql' runs");
        }
    }

    private static void FindWrong(UpgradeWindow window, FieldErrors errors)
    {
        foreach (var (field, text) in new[] { ("window.from", window.From), ("window.until", window.Until) })
        {
            if (TimeOf(text) is null)
            {
                errors.Add(field, "must be a time of day in UTC, such as 22:00");
            }
        }

        if (TimeOf(window.From) is { } from && from == TimeOf(window.Until))
        {
            errors.Add("window.until", "must be another time than 'from'; leave 'window' out for any time");
        }

        if (window.Days is { } days && days.Any(d => DayOf(d) is null))
        {
            errors.Add("window.days", "must be days of the week, such as saturday");
        }
    }

    private static TimeOnly? TimeOf(string? text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static DayOfWeek? DayOf(string? text) =>
        text is not null && text.All(char.IsAsciiLetter) && Enum.TryParse<DayOfWeek>(text, ignoreCase: true, out var day) ? day : null;

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+-]{0,99}\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,99}\z")]
    private static partial Regex Module();

    // What it begins with, behind comments; what hides deeper is found when it is run.
    [GeneratedRegex(@"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b", RegexOptions.IgnoreCase | RegexOptions.Singleline, 1000)]
    private static partial Regex EndsTransaction();
}
