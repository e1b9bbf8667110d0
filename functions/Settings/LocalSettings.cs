using System.Text.Json;

namespace Bibind.Functions.Settings;

/// <summary>
/// The <c>Values</c> of <c>local.settings.json</c>, the file that the Functions tools read; <c>__</c> in a name separates
/// sections. It comes before the environment, which therefore overrides it.
/// </summary>
public sealed class LocalSettings(string? path) : IConfigurationSource
{
    /// <summary>Names another file than the one in the content root or the current directory.</summary>
    public const string PathVariable = "BIBIND_SETTINGS";

    private const string FileName = "local.settings.json";

    private static readonly JsonDocumentOptions Reading = new()
    {
        AllowTrailingCommas = true,
        CommentHandling = JsonCommentHandling.Skip,
        AllowDuplicateProperties = false,
        MaxDepth = 8,
    };

    /// <summary>Finds the file: the one that <see cref="PathVariable"/> names, else the first that is there.</summary>
    /// <exception cref="SettingsException">The named file is not there.</exception>
    public static LocalSettings Find(string contentRoot)
    {
        var named = Environment.GetEnvironmentVariable(PathVariable);
        if (!string.IsNullOrWhiteSpace(named))
        {
            return File.Exists(named)
                ? new LocalSettings(named)
                : throw new SettingsException([$"{PathVariable} names the file '{named}', which is not there."]);
        }

        string[] places = [Path.Combine(contentRoot, FileName), Path.Combine(Directory.GetCurrentDirectory(), FileName)];
        return new LocalSettings(places.FirstOrDefault(File.Exists));
    }

    /// <inheritdoc/>
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new Provider(path);

    /// <summary>What is in the file.</summary>
    internal sealed class Provider(string? path) : ConfigurationProvider
    {
        public override void Load()
        {
            if (path is not null)
            {
                Data = Read(path);
            }
        }

        private static Dictionary<string, string?> Read(string path)
        {
            try
            {
                using var document = JsonDocument.Parse(File.ReadAllBytes(path), Reading);
                return ReadValues(document.RootElement, path);
            }
            catch (JsonException malformed)
            {
                throw new SettingsException(
                    [$"{path} is not valid JSON at line {malformed.LineNumber + 1}, position {malformed.BytePositionInLine + 1}."]);
            }
            catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
            {
                throw new SettingsException([$"{path} cannot be read: {unreadable.Message}"]);
            }
        }

        private static Dictionary<string, string?> ReadValues(JsonElement root, string path)
        {
            if (root.ValueKind != JsonValueKind.Object
                || !root.TryGetProperty("Values", out var values)
                || values.ValueKind != JsonValueKind.Object)
            {
                throw new SettingsException([$"{path} must hold an object with a member \"Values\", which is an object too."]);
            }

            if (root.TryGetProperty("IsEncrypted", out var encrypted) && encrypted.ValueKind == JsonValueKind.True)
            {
                throw new SettingsException([$"{path} is encrypted (\"IsEncrypted\": true); only plain files can be read here."]);
            }

            var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
            var problems = new List<string>();
            foreach (var value in values.EnumerateObject())
            {
                if (value.Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                {
                    problems.Add($"{value.Name} in {path} must be text; write one name per value, with __ between sections.");
                }
                else if (value.Value.ValueKind != JsonValueKind.Null)
                {
                    var key = value.Name.Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal);
                    settings[key] = value.Value.ToString();
                }
            }

            return problems.Count == 0 ? settings : throw new SettingsException(problems);
        }
    }
}
