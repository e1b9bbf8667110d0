using System.Text.RegularExpressions;
using Bibind.ControlPlane.Notices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Notices;

/// <summary>
/// The letters: those supplied, and in their place those of <c>Notices__Templates</c>, which may be in further languages. One that is broken is named in
/// the log when the host starts, and the supplied one is sent instead.
/// </summary>
public sealed partial class NoticeTemplates
{
    private const string Resources = "notices/";
    private const string Fallback = "en";
    private const int LargestFile = 64 * 1024;

    // Supplied ones are read when they are first sent: the reader of templates is a fifth of what a host compiles while it starts.
    private readonly Dictionary<(string Kind, string Language), Lazy<NoticeTemplate>> _templates = [];
    private readonly string _otherwise;

    /// <summary>Reads those of the settings' folder, and knows the supplied ones.</summary>
    public NoticeTemplates(IOptions<NoticeOptions> options, ILogger<NoticeTemplates> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        _otherwise = LanguageOf(options.Value.Language);
        var assembly = typeof(NoticeTemplates).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(Resources, StringComparison.Ordinal)))
        {
            var name = FileName().Match(resource[Resources.Length..]);
            var language = name.Groups["language"].Value;
            _templates[(name.Groups["kind"].Value, language)] = new Lazy<NoticeTemplate>(() => ReadSupplied(resource, language));
        }

        List<string> problems = [];
        if (!string.IsNullOrEmpty(options.Value.Templates))
        {
            ReadFolder(options.Value.Templates, problems);
        }

        problems.ForEach(logger.NoticeTemplateBroken);
        Problems = problems;
    }

    /// <summary>What is wrong with the templates of the settings' folder.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>The letter in the language, in the installation's, or in English.</summary>
    /// <param name="kind">One of <see cref="NoticeKinds.Mailed"/>.</param>
    /// <param name="language">Such as <c>fr_FR</c> or <c>fr</c>; null if nobody knows.</param>
    /// <param name="values">What is filled in.</param>
    public NoticeLetter Render(string kind, string? language, IReadOnlyDictionary<string, string> values)
    {
        var template = _templates.GetValueOrDefault((kind, LanguageOf(language)))
            ?? _templates.GetValueOrDefault((kind, _otherwise)) ?? _templates[(kind, Fallback)];
        return template.Value.Render(values);
    }

    private static NoticeTemplate ReadSupplied(string resource, string language)
    {
        using var reader = new StreamReader(typeof(NoticeTemplates).Assembly.GetManifestResourceStream(resource)!);
        return NoticeTemplate.Read(reader.ReadToEnd(), language);
    }

    private static string LanguageOf(string? language) => (language ?? string.Empty).Split('_', '-')[0].ToLowerInvariant();

    private void ReadFolder(string folder, List<string> problems)
    {
        try
        {
            foreach (var path in Directory.EnumerateFiles(folder, "*.liquid").Order(StringComparer.Ordinal))
            {
                ReadFile(path, problems);
            }
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            problems.Add($"The folder of templates cannot be read: {unreadable.Message}");
        }
    }

    private void ReadFile(string path, List<string> problems)
    {
        var file = Path.GetFileName(path);
        if (FileName().Match(file) is not { Success: true } name || !NoticeKinds.Mailed.Contains(name.Groups["kind"].Value))
        {
            problems.Add($"{file}: its name must be a kind and a language, such as {NoticeKinds.Welcome}.fr.liquid; kinds are {string.Join(", ", NoticeKinds.Mailed)}.");
            return;
        }

        try
        {
            if (new FileInfo(path).Length > LargestFile)
            {
                throw new FormatException($"it is larger than {LargestFile} bytes");
            }

            var template = NoticeTemplate.Read(File.ReadAllText(path), name.Groups["language"].Value);
            _templates[(name.Groups["kind"].Value, name.Groups["language"].Value)] = new Lazy<NoticeTemplate>(template);
        }
        catch (Exception broken) when (broken is FormatException or IOException or UnauthorizedAccessException)
        {
            problems.Add($"{file} is not used, but the supplied template: {broken.Message.TrimEnd('.')}.");
        }
    }

    [GeneratedRegex(@"\A(?<kind>[a-z-]+)\.(?<language>[a-z]{2,3})\.liquid\z")]
    private static partial Regex FileName();
}
