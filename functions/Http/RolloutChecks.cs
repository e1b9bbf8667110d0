using System.Globalization;
using System.Text.RegularExpressions;
using Bibind.Contracts;
using Bibind.ControlPlane.Rollouts;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>Says what is wrong with an order for a rollout, and reads what is not.</summary>
internal static partial class RolloutChecks
{
    private const int MostWaves = 20;
    private const int MostCanaries = 100;
    private const int MostCodes = 1000;
    private const int MostModules = 200;
    private const int MostStatements = 100;
    private const int LongestLimit = 720;
    private const string FailuresRule = "must be 0 or more: failures up to which a wave is gone on with";
    private const string PercentRule = "must be 0 to 100";
    private static readonly RolloutWaveOrder[] UsualWaves = [new() { Count = 1 }, new() { Percent = 5 }, new() { Percent = 25 }, new() { Percent = 100 }];

    public static IReadOnlyDictionary<string, string[]> FindWrong(StartRollout command)
    {
        var errors = new FieldErrors();
        CheckCode(command.Offer, "offer", "an offer: GET /api/offers lists them", errors);
        CheckWhat(command, errors);
        if (command.Tenants is { } tenants)
        {
            CheckCode(tenants.Template, "tenants.template", "a template: GET /api/templates lists them", errors);
            CheckCode(tenants.Server, "tenants.server", "a server: GET /api/servers lists them", errors);
            Unless(tenants.Labels is null || PlacementTerms.AreLabels(tenants.Labels), "tenants.labels", PlacementTerms.LabelRule, errors);
            CheckCodes(tenants.Codes, MostCodes, "tenants.codes", errors);
        }

        CheckCodes(command.Canaries, MostCanaries, "canaries", errors);
        CheckWaves(command.Waves ?? [], errors);
        Unless(command.MaxFailures is null or >= 0, "maxFailures", FailuresRule, errors);
        Unless(command.MaxFailuresPercent is null or (>= 0 and <= 100), "maxFailuresPercent", PercentRule, errors);
        Unless(command.MaxFailures is null || command.MaxFailuresPercent is null, "maxFailuresPercent", "must be left out where maxFailures is given", errors);
        Unless(command.MaxConcurrent is null or (>= 1 and <= 100), "maxConcurrent", "must be 1 to 100: how many tenants are upgraded at once", errors);
        CheckWindow(command.Window, errors);
        var reason = ServerReason.ProblemWith(command.Reason);
        Unless(reason is null, "reason", reason ?? string.Empty, errors);
        return errors.ToDictionary();
    }

    /// <summary>The order in the control plane's words; nothing is wrong with it.</summary>
    public static NewRollout Read(StartRollout command, string who, int maxConcurrent) => new()
    {
        Offer = command.Offer,
        Release = command.Release is { } release ? Read(release) : null,
        TemplateVersion = command.TemplateVersion is { } version ? new RolledOutVersion(version.Template, version.Server, version.Number) : null,
        Filter = new RolloutFilter
        {
            Template = command.Tenants?.Template,
            Server = command.Tenants?.Server,
            Labels = command.Tenants?.Labels ?? [],
            Codes = command.Tenants?.Codes ?? [],
            Canaries = command.Canaries ?? [],
        },
        Waves = [.. (command.Waves ?? UsualWaves).Select(w => new WaveWish
        {
            Count = w.Count,
            Percent = w.Percent,
            MaxFailures = w.MaxFailures ?? (w.MaxFailuresPercent is null ? command.MaxFailures : null),
            MaxFailuresPercent = w.MaxFailuresPercent ?? (w.MaxFailures is null ? command.MaxFailuresPercent : null),
        })],
        MaxConcurrent = command.MaxConcurrent ?? maxConcurrent,
        Window = command.Window is { } window
            ? new MaintenanceWindow { From = TimeOf(window.From)!.Value, Until = TimeOf(window.Until)!.Value, Days = [.. (window.Days ?? []).Select(d => DayOf(d)!.Value)] }
            : null,
        Reason = command.Reason,
        RequestedBy = who,
    };

    private static ApplicationRelease Read(RolloutRelease release)
    {
        var read = new ApplicationRelease { Version = release.Version, Kind = release.Kind, Modules = release.Modules ?? [], Statements = release.Statements ?? [] };
        return release.LimitMinutes is { } minutes ? read with { LimitMinutes = minutes } : read;
    }

    private static void CheckWhat(StartRollout command, FieldErrors errors)
    {
        if ((command.Release is null) == (command.TemplateVersion is null))
        {
            errors.Add("release", "must be given, or templateVersion in its place: what is brought to the tenants");
        }

        if (command.Release is { } release)
        {
            Unless(release.Version is not null && Version().IsMatch(release.Version), "release.version", "must be 1 to 64 letters, digits, '.', '_', '+' or '-', such as 19.0-20261101", errors);
            Unless(UpgradeKinds.All.Contains(release.Kind, StringComparer.Ordinal), "release.kind", $"must be one of {string.Join(", ", UpgradeKinds.All)}", errors);
            var isSql = release.Kind == UpgradeKinds.Sql;
            CheckModules(release.Modules ?? [], isSql, isNeeded: release.Kind is UpgradeKinds.OdooBin or UpgradeKinds.Rpc, errors);
            CheckStatements(release.Statements ?? [], isSql, errors);
            Unless(release.LimitMinutes is null or (>= 1 and <= LongestLimit), "release.limitMinutes", $"must be 1 to {LongestLimit}: minutes that the upgrade of a tenant may take", errors);
        }

        if (command.TemplateVersion is { } version)
        {
            CheckCode(version.Template, "templateVersion.template", "a template: GET /api/templates lists them", errors);
            CheckCode(version.Server, "templateVersion.server", "a server: GET /api/servers lists them", errors);
            Unless(version.Number >= 1, "templateVersion.number", "must be the number of a version: GET /api/templates/{code}/versions lists them", errors);
        }
    }

    private static void CheckModules(IReadOnlyList<string> modules, bool isSql, bool isNeeded, FieldErrors errors)
    {
        Unless(
            modules.Count <= MostModules && modules.All(m => m is not null && Module().IsMatch(m)), "release.modules",
            $"must be at most {MostModules} names of modules: lower-case letters, digits and '_'", errors);
        Unless(!isSql || modules.Count == 0, "release.modules", "must be left out where the kind is sql", errors);
        Unless(!isNeeded || modules.Count > 0, "release.modules", "must name the modules that are upgraded", errors);
    }

    private static void CheckStatements(IReadOnlyList<string> statements, bool isSql, FieldErrors errors)
    {
        Unless(
            statements.Count <= MostStatements && statements.All(s => !string.IsNullOrWhiteSpace(s) && !s.Contains('\0', StringComparison.Ordinal)),
            "release.statements", $"must be at most {MostStatements} statements, none of them empty", errors);
        Unless(isSql || statements.Count == 0, "release.statements", "must be left out where the kind is not sql", errors);
        Unless(!isSql || statements.Count > 0, "release.statements", "must have the statements that are run", errors);
    }

    private static void CheckWaves(IReadOnlyList<RolloutWaveOrder> waves, FieldErrors errors)
    {
        Unless(waves.Count <= MostWaves, "waves", $"must be at most {MostWaves}", errors);
        var before = 0;
        for (var index = 0; index < waves.Count; index++)
        {
            var (wave, number) = (waves[index], index + 1);
            if ((wave.Count is null) == (wave.Percent is null))
            {
                errors.Add("waves", $"wave {number} must have either percent or, if it is the first, count");
            }

            Unless(wave.Count is null || (index == 0 && wave.Count > 0), "waves", $"wave {number}: count must be 1 or more, and only the first wave has one", errors);
            Unless(wave.Percent is null || (wave.Percent > before && wave.Percent <= 100), "waves", $"wave {number}: percent must be more than {before} and at most 100", errors);
            Unless(wave.MaxFailures is null or >= 0, "waves", $"wave {number}: maxFailures {FailuresRule}", errors);
            Unless(wave.MaxFailuresPercent is null or (>= 0 and <= 100), "waves", $"wave {number}: maxFailuresPercent {PercentRule}", errors);
            Unless(wave.MaxFailures is null || wave.MaxFailuresPercent is null, "waves", $"wave {number} must have maxFailures or maxFailuresPercent, not both", errors);
            before = wave.Percent ?? before;
        }

        Unless(waves.Count == 0 || waves[^1].Percent == 100, "waves", "must end with one of 100 percent: the last wave reaches all tenants", errors);
    }

    private static void CheckWindow(RolloutWindow? window, FieldErrors errors)
    {
        if (window is null)
        {
            return;
        }

        const string TimeRule = "must be a time of day, UTC, such as 22:00";
        var days = window.Days ?? [];
        Unless(
            days.All(d => DayOf(d) is not null) && days.Distinct(StringComparer.Ordinal).Count() == days.Count, "window.days",
            "must be different days: monday, tuesday, wednesday, thursday, friday, saturday, sunday", errors);
        Unless(TimeOf(window.From) is not null, "window.from", TimeRule, errors);
        Unless(TimeOf(window.Until) is not null, "window.until", TimeRule, errors);
    }

    private static void CheckCode(string? code, string field, string what, FieldErrors errors) =>
        Unless(code is null || Codes.IsPlausible(code), field, $"must be the code of {what}", errors);

    private static void CheckCodes(IReadOnlyList<string>? codes, int most, string field, FieldErrors errors) =>
        Unless(
            codes is null || (codes.Count >= 1 && codes.Count <= most && codes.All(c => c is not null && Tenant().IsMatch(c)) && codes.Distinct(StringComparer.Ordinal).Count() == codes.Count),
            field, $"must be 1 to {most} different codes of tenants", errors);

    private static void Unless(bool fine, string field, string message, FieldErrors errors)
    {
        if (!fine)
        {
            errors.Add(field, message);
        }
    }

    private static TimeOnly? TimeOf(string? text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static DayOfWeek? DayOf(string? text) =>
        Enum.GetValues<DayOfWeek>().Where(d => string.Equals(NameOf(d), text, StringComparison.Ordinal)).Cast<DayOfWeek?>().FirstOrDefault();

    /// <summary>A day as the API names it.</summary>
    public static string NameOf(DayOfWeek day) => day.ToString().ToLowerInvariant();

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\z")]
    private static partial Regex Version();

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,99}\z")]
    private static partial Regex Module();

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{1,30}\z")]
    private static partial Regex Tenant();
}
