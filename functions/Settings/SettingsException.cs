namespace Bibind.Functions.Settings;

/// <summary>The host cannot start with these settings; each problem names its setting as people write it.</summary>
public sealed class SettingsException(IReadOnlyList<string> problems) : Exception(Describe(problems))
{
    /// <summary>The exit code of a process that was configured wrongly (<c>EX_CONFIG</c> of sysexits.h).</summary>
    public const int ExitCode = 78;

    /// <summary>Everything that is wrong.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;

    private static string Describe(IReadOnlyList<string> problems) =>
        $"The settings are not usable ({problems.Count} {(problems.Count == 1 ? "problem" : "problems")}):"
        + string.Concat(problems.Select(p => $"{Environment.NewLine}  - {p}"))
        + $"{Environment.NewLine}Settings are read from local.settings.json (\"Values\") and the environment; docs/settings.md lists them all.";
}
