using System.Text.RegularExpressions;
using Bibind.Durable.Worker;
using Bibind.Functions.Hosts.Lambda;
using Bibind.Functions.Pump;
using Bibind.Functions.Security;
using Bibind.Functions.Settings;
using Bibind.Functions.Telemetry;
using Npgsql;

namespace Bibind.Functions.Hosts;

/// <summary>What the doors need to know, checked at start.</summary>
public sealed partial record HostSettings
{
    /// <summary>Connection string of the control database, which holds the task hub too. Holds a password: never logged.</summary>
    public required string ControlDatabase { get; init; }

    /// <summary>False leaves it to <c>migrate apply</c> to bring the control database to this version's schema.</summary>
    public bool MigratesAtStart { get; init; } = true;

    /// <summary>Whose tokens are accepted.</summary>
    public required Callers Callers { get; init; }

    /// <summary>How tokens of an issuer are checked.</summary>
    public required SignInOptions SignIn { get; init; }

    /// <summary>Addresses to listen on.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>Who calls the functions.</summary>
    public required HostKind Kind { get; init; }

    /// <summary>How the durable worker works.</summary>
    public required WorkerSettings Worker { get; init; }

    /// <summary>What runs the orchestrations.</summary>
    public required EngineSettings Engine { get; init; }

    /// <summary>How orchestrations run where no process lives on.</summary>
    public required PumpOptions Pump { get; init; }

    /// <summary>Where traces and metrics go.</summary>
    internal TelemetrySettings Telemetry { get; init; } = TelemetrySettings.None;

    /// <summary>A server to register at start, or null.</summary>
    public SeedServer? Server { get; init; }

    /// <summary>Template databases that are there already, by template code.</summary>
    public IReadOnlyDictionary<string, string> Templates { get; init; } = new Dictionary<string, string>();

    /// <summary>Reads and checks the settings; with problems, what was read is not to be used.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="problems">Everything that is wrong, each setting named as people write it.</param>
    public static HostSettings Read(IConfiguration configuration, out IReadOnlyList<string> problems)
    {
        var unreadable = CatalogueCheck.FindUnreadable(configuration);
        var reader = new SettingsReader(configuration);
        var signIn = SignInSettings.Read(reader);
        var kind = ReadKind(reader);
        var worker = WorkerSettings.Read(reader);
        var settings = new HostSettings
        {
            ControlDatabase = ReadConnectionString(reader),
            MigratesAtStart = reader.Flag("Migrations:AtStart", otherwise: true),
            Callers = CallerSettings.Read(reader, signIn),
            SignIn = signIn,
            Urls = ReadUrls(reader),
            Kind = kind,
            Worker = worker,
            Engine = EngineSettings.Read(reader, kind, worker),
            Pump = PumpOptions.Read(reader),
            Telemetry = TelemetrySettings.Read(reader),
            Server = SeedServer.Read(reader),
            Templates = SeedServer.ReadTemplates(reader),
        };
        problems = [.. unreadable, .. reader.Problems];
        return settings;
    }

    /// <summary>Sets a worker up: one that lives on, or one that is pumped.</summary>
    internal void ConfigureWorker(TaskHubWorkerOptions options)
    {
        Worker.Configure(options);
        if (Kind.IsFunctionHost())
        {
            options.ShutdownTimeout = Pump.ActivityGrace;
            options.MaxActivityAbandons = PumpOptions.MaxActivityAbandons;
            foreach (var name in Pump.LeftActivities)
            {
                options.ActivityLimits[name] = 0;
            }
        }
    }

    /// <summary>Shows no value: several are secrets.</summary>
    public override string ToString() => nameof(HostSettings);

    private static HostKind ReadKind(SettingsReader reader)
    {
        const string Key = "Hosting:Kind";
        var kind = reader.Optional(Key) is { } text ? reader.Choice(Key, text, HostKind.Kestrel) : HostKind.Kestrel;
        if (kind == HostKind.Lambda && reader.Optional(LambdaRuntimeApi.AddressVariable) is null)
        {
            reader.Report(LambdaRuntimeApi.AddressVariable, "is missing: with Hosting__Kind=lambda the program is started by Lambda, which names its Runtime API.");
        }

        var broker = kind == HostKind.Azure ? "Queues:AzureStorage:ConnectionString" : "Queues:Sqs:QueueUrlPrefix";
        var hasIdentity = kind == HostKind.Azure && reader.Optional("Queues:AzureStorage:ServiceUri") is not null;
        if (kind.IsFunctionHost() && reader.Optional(broker) is null && !hasIdentity)
        {
            reader.Report(Key, $"is {kind.ToString().ToLowerInvariant()}, where a queue wakes the pump: set {SettingsReader.NameOf(broker)}.");
        }

        return kind;
    }

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
