using System.Text.RegularExpressions;
using Bibind.Functions.Security;
using Bibind.Functions.Telemetry;
using Npgsql;

namespace Bibind.Functions.Settings;

/// <summary>What the doors need to know, checked at start.</summary>
public sealed partial record HostSettings
{
    /// <summary>Connection string of the control database, which holds the task hub too. Holds a password: never logged.</summary>
    public required string ControlDatabase { get; init; }

    /// <summary>Whose tokens are accepted.</summary>
    public required Callers Callers { get; init; }

    /// <summary>Addresses to listen on.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>How the durable worker works.</summary>
    public required WorkerSettings Worker { get; init; }

    /// <summary>Where traces and metrics go, or null.</summary>
    internal TelemetryExport? Telemetry { get; init; }

    /// <summary>False leaves the renewal of certificates to other hosts.</summary>
    public required bool RenewsCertificates { get; init; }

    /// <summary>A server to register at start, or null.</summary>
    public SeedServer? Server { get; init; }

    /// <summary>Template databases that are there already, by template code.</summary>
    public IReadOnlyDictionary<string, string> Templates { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads and checks the settings; with problems, what was read is not to be used.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="problems">Everything that is wrong, each setting named as people write it.</param>
    public static HostSettings Read(IConfiguration configuration, out IReadOnlyList<string> problems)
    {
        var reader = new SettingsReader(configuration);
        var settings = new HostSettings
        {
            ControlDatabase = ReadConnectionString(reader),
            Callers = CallerSettings.Read(reader),
            Urls = ReadUrls(reader),
            Worker = WorkerSettings.Read(reader),
            Telemetry = TelemetryExport.Read(reader),
            RenewsCertificates = reader.Flag("Timers:CertificateRenewals", otherwise: true),
            Server = SeedServer.Read(reader),
            Templates = SeedServer.ReadTemplates(reader),
        };
        problems = reader.Problems;
        return settings;
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

    [GeneratedRegex(@"^http://([A-Za-z0-9.-]+|\*|\+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}/?\z", RegexOptions.CultureInvariant)]
    private static partial Regex ListenAddress();
}
