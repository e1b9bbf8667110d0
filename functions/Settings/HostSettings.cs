using System.Text.RegularExpressions;
using Bibind.Functions.Security;
using Npgsql;

namespace Bibind.Functions.Settings;

/// <summary>What the doors need to know, checked at start.</summary>
public sealed partial record HostSettings
{
    /// <summary>Connection string of the control database, which holds the task hub too. Holds a password: never logged.</summary>
    public required string ControlDatabase { get; init; }

    /// <summary>The key that secrets are encrypted with at rest: 32 bytes. Never logged.</summary>
    public required byte[] MasterKey { get; init; }

    /// <summary>Whose tokens are accepted.</summary>
    public required Callers Callers { get; init; }

    /// <summary>The folder of the embedded object store.</summary>
    public required string StorageFolder { get; init; }

    /// <summary>The domain below which tenants get their platform names.</summary>
    public required string PlatformDomain { get; init; }

    /// <summary><c>https</c>, or <c>http</c> where nothing ends TLS.</summary>
    public required string PlatformScheme { get; init; }

    /// <summary>Addresses to listen on.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>True if callbacks may go to private and loopback addresses.</summary>
    public required bool AllowPrivateCallbackTargets { get; init; }

    /// <summary>A server to register at start, or null.</summary>
    public SeedServer? Server { get; init; }

    /// <summary>Template databases that are there already, by template code.</summary>
    public IReadOnlyDictionary<string, string> Templates { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">Some are missing or wrong; all of them are named at once.</exception>
    public static HostSettings Read(IConfiguration configuration)
    {
        var reader = new SettingsReader(configuration);
        var settings = new HostSettings
        {
            ControlDatabase = ReadConnectionString(reader),
            MasterKey = ReadMasterKey(reader),
            Callers = CallerSettings.Read(reader),
            StorageFolder = reader.Required("Storage:Local:Folder", "the folder that keeps buckets and backups"),
            PlatformDomain = ReadDomain(reader),
            PlatformScheme = ReadScheme(reader),
            Urls = ReadUrls(reader),
            AllowPrivateCallbackTargets = reader.Flag("Callbacks:AllowPrivateTargets", otherwise: false),
            Server = SeedServer.Read(reader),
            Templates = SeedServer.ReadTemplates(reader),
        };
        return reader.Problems.Count == 0 ? settings : throw new SettingsException(reader.Problems);
    }

    /// <summary>Shows no value: several are secrets.</summary>
    public override string ToString() => nameof(HostSettings);

    private static string ReadConnectionString(SettingsReader reader)
    {
        const string Key = "ControlDatabase";
        var text = reader.Required(Key, "the PostgreSQL connection string of the control database");
        if (text.Length == 0)
        {
            return text;
        }

        try
        {
            var parsed = new NpgsqlConnectionStringBuilder(text);
            if (string.IsNullOrWhiteSpace(parsed.Host) || string.IsNullOrWhiteSpace(parsed.Database))
            {
                reader.Report(Key, "must name Host and Database, such as Host=127.0.0.1;Port=5432;Database=bibind;Username=bibind;Password=….");
            }
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or KeyNotFoundException)
        {
            // The exception's words may repeat the password, so they are not passed on.
            reader.Report(Key, "is not a PostgreSQL connection string such as Host=127.0.0.1;Port=5432;Database=bibind;Username=bibind;Password=….");
        }

        return text;
    }

    private static byte[] ReadMasterKey(SettingsReader reader)
    {
        const string Key = "Secrets:MasterKey";
        var text = reader.Required(Key, "32 random bytes in base64, made by `openssl rand -base64 32`; secrets are encrypted with it");
        var key = new byte[32];
        if (text.Length > 0 && (!Convert.TryFromBase64String(text, new byte[text.Length], out var length) || length != key.Length))
        {
            reader.Report(Key, "must be 32 bytes in base64 (44 characters), as `openssl rand -base64 32` makes them.");
        }
        else if (text.Length > 0)
        {
            key = Convert.FromBase64String(text);
        }

        return key;
    }

    private static string ReadDomain(SettingsReader reader)
    {
        const string Key = "Platform:Domain";
        var domain = reader.Required(Key, "the domain below which tenants get their names, such as example.com");
        if (domain.Length > 0 && (domain.Length > 200 || !DomainName().IsMatch(domain)))
        {
            reader.Report(Key, "must be a domain name in lower case, such as example.com.");
        }

        return domain;
    }

    private static string ReadScheme(SettingsReader reader)
    {
        const string Key = "Platform:Scheme";
        var scheme = reader.Optional(Key) ?? "https";
        if (scheme is not ("https" or "http"))
        {
            reader.Report(Key, "must be https or http.");
        }

        return scheme;
    }

    private static string[] ReadUrls(SettingsReader reader)
    {
        // The Functions host chooses the port of a custom handler and calls it over IPv4 loopback.
        if (reader.Optional("FUNCTIONS_CUSTOMHANDLER_PORT") is not null)
        {
            return [$"http://127.0.0.1:{reader.Number("FUNCTIONS_CUSTOMHANDLER_PORT", 0, 1, 65535)}"];
        }

        const string Key = "Urls";
        var urls = (reader.Optional(Key) ?? "http://127.0.0.1:7071").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var url in urls.Where(u => !ListenAddress().IsMatch(u)))
        {
            reader.Report(Key, $"holds '{url}', which is not an address to listen on such as http://127.0.0.1:7071; TLS ends at the reverse proxy.");
        }

        return urls;
    }

    [GeneratedRegex(@"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex DomainName();

    [GeneratedRegex(@"^http://([A-Za-z0-9.-]+|\*|\+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}/?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ListenAddress();
}
