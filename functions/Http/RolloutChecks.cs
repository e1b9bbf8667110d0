using System.Text.RegularExpressions;
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
        Unless(command.Waves is not { Count: 0 }, "waves", $"must be 1 to {MostWaves}; leave it out for one tenant, 5 %, 25 % and 100 %", errors);
        CheckWaves(command.Waves ?? [], errors);
        Unless(command.MaxFailures is null or >= 0, "maxFailures", FailuresRule, errors);
        Unless(command.MaxFailuresPercent is null or (>= 0 and <= 100), "maxFailuresPercent", PercentRule, errors);
        Unless(command.MaxFailures is null || command.MaxFailuresPercent is null, "maxFailuresPercent", "must be left out where maxFailures is given", errors);
        Unless(command.MaxConcurrent is null or (>= 1 and <= 100), "maxConcurrent", "must be 1 to 100: how many tenants are upgraded at once", errors);
        command.Window?.Check("window", errors);
        RecordedReason.Add(errors, command.Reason);
        return errors.ToDictionary();
    }

    /// <summary>The order in the control plane's words; nothing is wrong with it.</summary>
    public static NewRollout Read(StartRollout command, string who, int maxConcurrent) => new()
    {
        Offer = command.Offer,
        Release = command.Release is { } release ? UpgradeRules.ReleaseOf(release) : null,
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
        Window = command.Window?.Read(),
        Reason = command.Reason,
        RequestedBy = who,
    };

    private static void CheckWhat(StartRollout command, FieldErrors errors)
    {
        if ((command.Release is null) == (command.TemplateVersion is null))
        {
            errors.Add("release", "must be given, or templateVersion in its place: what is brought to the tenants");
        }

        if (command.Release is { } release)
        {
            UpgradeRules.CheckRelease(release, "release.", errors);
        }

        if (command.TemplateVersion is { } version)
        {
            CheckCode(version.Template, "templateVersion.template", "a template: GET /api/templates lists them", errors);
            CheckCode(version.Server, "templateVersion.server", "a server: GET /api/servers lists them", errors);
            Unless(version.Number >= 1, "templateVersion.number", "must be the number of a version: GET /api/templates/{code}/versions lists them", errors);
        }
    }

    private static void CheckWaves(IReadOnlyList<RolloutWaveOrder> waves, FieldErrors errors)
    {
        Unless(waves.Count <= MostWaves, "waves", $"must be 1 to {MostWaves}", errors);
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

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{1,30}\z")]
    private static partial Regex Tenant();
}
