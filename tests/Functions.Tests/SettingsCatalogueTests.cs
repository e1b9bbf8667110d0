using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Settings;
using Bibind.Functions.Settings.Catalogue;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The catalogue of settings is what the code reads, with its defaults, and the documents are written from it.</summary>
public sealed partial class SettingsCatalogueTests
{
    [Fact]
    public void Every_property_of_every_bound_options_type_is_in_the_catalogue()
    {
        var bound = BoundProperties().Select(p => p.Key).ToList();
        Assert.True(bound.Count > 80, $"Only {bound.Count} properties were found.");
        Assert.DoesNotContain(bound, k => Declared(k) is null);
    }

    [Fact]
    public void What_is_in_the_catalogue_is_read_by_somebody_and_what_is_read_by_hand_is_in_it()
    {
        var read = KeysReadByHand();
        Assert.DoesNotContain(read, k => SettingsCatalogue.Find(k) is null);

        var bound = BoundProperties().Select(p => p.Key).ToHashSet(StringComparer.Ordinal);
        var unread = SettingsCatalogue.Settings.Where(s => s.Hosts != SettingHosts.Commands && !bound.Contains(s.Key) && !read.Any(s.Matches)).Select(s => s.Key);
        Assert.Empty(unread);
    }

    [Fact]
    public void Defaults_are_those_of_the_options()
    {
        var different = BoundProperties()
            .Select(p => (p.Key, Code: p.Default, Catalogue: Declared(p.Key)!.Default))
            .Where(p => p.Code != p.Catalogue);
        Assert.Empty(different);

        // What is read by hand is the same without defaults and with those of the catalogue.
        var given = Set(
            "--Seed:Server:Code=local", "--Seed:Server:Url=http://127.0.0.1:1", "--Seed:Server:DatabasePassword=p", "--Seed:Server:ApplicationPassword=p",
            "--Queues:AzureStorage:ConnectionString=UseDevelopmentStorage=true", "--Queues:Sqs:QueueUrlPrefix=https://sqs.test/1/", "--Queues:Sqs:Region=x",
            "--Queues:Sqs:AccessKeyId=k", "--Queues:Sqs:SecretAccessKey=k");
        var defaults = SettingsCatalogue.Settings.Where(s => s is { Default: not null, IsFromPlatform: false })
            .ToDictionary(s => s.Key.Replace("{n}", "0", StringComparison.Ordinal), s => s.Default, StringComparer.Ordinal);
        Assert.Equal(ReadByHand(given), ReadByHand([.. given, .. defaults]));
    }

    [Fact]
    public void Both_ends_of_every_range_are_taken_and_nothing_beyond()
    {
        Assert.Empty(ProblemsWith(s => Ends(s)?.From));
        Assert.Empty(ProblemsWith(s => Ends(s)?.To));
        var ranged = SettingsCatalogue.Settings.Where(s => Ends(s) is not null && !s.IsFromPlatform).Select(NameOf).ToList();
        Assert.True(ranged.Count > 40, $"Only {ranged.Count} settings have a range.");
        Assert.Equal(ranged.Order(), ProblemsWith(s => Beyond(s)?.Below).Select(p => p.Split(' ')[0]).Distinct().Order());
        Assert.Equal(
            SettingsCatalogue.Settings.Where(s => Beyond(s)?.Above is not null && !s.IsFromPlatform).Select(NameOf).Order(),
            ProblemsWith(s => Beyond(s)?.Above).Select(p => p.Split(' ')[0]).Distinct().Order());
    }

    [Fact]
    public void The_page_of_settings_is_written_from_the_catalogue() => Assert.True(
        SettingsMarkdown.Write() == File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "settings.md")),
        "docs/settings.md is not what the catalogue says: dotnet functions/bin/Release/net10.0/Bibind.Functions.dll settings docs > docs/settings.md");

    [Fact]
    public void The_sample_has_every_setting_and_no_other_and_values_that_may_be()
    {
        var sample = SampleLine().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "local.settings.sample.json")))
            .ToDictionary(m => m.Groups["name"].Value.Replace("__", ":", StringComparison.Ordinal), m => m.Groups["value"].Value, StringComparer.Ordinal);
        Assert.DoesNotContain(sample.Keys, k => SettingsCatalogue.Find(k) is null);
        Assert.Empty(SettingsCatalogue.Settings
            .Where(s => !(s.IsFromPlatform && !s.Key.StartsWith("OTEL_", StringComparison.Ordinal)) && !sample.Keys.Any(s.Matches)).Select(s => s.Name));
        Assert.Empty(sample.Where(s => s.Value.Length > 0).Select(s => SettingsCatalogue.Find(s.Key)!.FindProblem(s.Value)).OfType<string>());
    }

    [Fact]
    public void Every_setting_that_a_page_or_a_deployment_names_is_known()
    {
        string[] folders = [Path.Combine(AppContext.BaseDirectory, "docs"), Path.Combine(AppContext.BaseDirectory, "infra")];
        var named = folders.SelectMany(f => Directory.EnumerateFiles(f, "*", SearchOption.AllDirectories))
            .SelectMany(file => NameInText().Matches(File.ReadAllText(file)).Select(m => (File: Path.GetFileName(file), Name: m.Value)))
            .Where(n => SettingsCatalogue.Roots.Contains(n.Name.Split("__")[0]))
            .ToList();
        Assert.True(named.Count > 100, $"Only {named.Count} names were found.");
        Assert.Empty(named.Where(n => !IsKnown(n.Name.Replace("__", ":", StringComparison.Ordinal))).Distinct());

        // A whole name, or a section.
        static bool IsKnown(string name)
        {
            var key = string.Join(':', name.TrimEnd(':').Split(':').Select(p => p is "N" or "0" or "1" ? "{n}" : p));
            return SettingsCatalogue.Settings.Any(s => s.Key == key || s.Matches(key) || s.Matches(name.TrimEnd(':')) || s.Key.StartsWith(key + ":", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_setting_has_a_meaning_and_an_example_or_a_default()
    {
        Assert.All(SettingsCatalogue.Settings, s => Assert.EndsWith(".", s.Meaning, StringComparison.Ordinal));
        Assert.All(SettingsCatalogue.Settings, s => Assert.True(
            s.IsSecret || s.IsFromPlatform || s.Default is not null || s.Example is not null || s.Choices.Count > 0, $"{s.Name} has neither."));
        Assert.All(SettingsCatalogue.Settings, s => Assert.Null(s.Default is { } text ? s.FindProblem(text) : null));
        Assert.All(SettingsCatalogue.Settings, s => Assert.Null(s.Example is { } text ? s.FindProblem(text) : null));
        Assert.Equal(SettingsCatalogue.Settings.Count, SettingsCatalogue.Settings.Select(s => s.Key).Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void Names_that_sound_like_secrets_are_hidden()
    {
        string[] words = ["Password", "SecretKey", "Secret", "ApiKey", "AccessKey", "SecretAccessKey", "OtherApiKey", "AccessKeyId", "Token", "SessionToken", "ConnectionString", "MasterKey", "EabKey", "ConsumerKey"];
        Assert.Empty(SettingsCatalogue.Settings.Where(s => words.Any(w => s.Key.EndsWith(w, StringComparison.Ordinal)) && !s.IsSecret).Select(s => s.Key));
    }

    private static string NameOf(Setting setting) => setting.Name.Replace("{n}", "0", StringComparison.Ordinal);

    private static Setting? Declared(string key) => SettingsCatalogue.Settings.FirstOrDefault(s => s.Key == key);

    // Everything that can be configured, down to single values, as the host binds it.
    private static List<(string Key, string? Default)> BoundProperties()
    {
        List<Type> types = [];
        using var app = FunctionsHost.Build([.. Valid], builder => types =
        [
            .. builder.Services.Select(s => s.ServiceType)
                .Where(t => t.IsGenericType && t.GetGenericTypeDefinition() == typeof(IOptionsChangeTokenSource<>))
                .Select(t => t.GetGenericArguments()[0])
                .Where(t => t.Assembly.GetName().Name!.StartsWith("Bibind", StringComparison.Ordinal)),
        ]);
        Assert.True(types.Count > 15, $"Only {types.Count} bound types were found.");
        return [.. types.SelectMany(t => Properties((string)t.GetField("Section")!.GetRawConstantValue()!, t, Activator.CreateInstance(t)))];
    }

    private static IEnumerable<(string Key, string? Default)> Properties(string section, Type type, object? instance)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var (key, value, kind) = ($"{section}:{property.Name}", instance is null ? null : property.GetValue(instance), property.PropertyType);
            if (kind.IsGenericType && kind.GetGenericTypeDefinition() == typeof(IList<>))
            {
                var item = kind.GetGenericArguments()[0];
                if (item == typeof(string))
                {
                    yield return ($"{key}:{{n}}", null);
                    continue;
                }

                foreach (var inner in Properties($"{key}:{{n}}", item, Activator.CreateInstance(item)))
                {
                    yield return inner;
                }
            }
            else if (kind.IsClass && kind != typeof(string) && kind != typeof(Uri))
            {
                foreach (var inner in Properties(key, kind, value))
                {
                    yield return inner;
                }
            }
            else if (property.SetMethod?.IsPublic == true)
            {
                yield return (key, Text(value));
            }
        }
    }

    private static string? Text(object? value) => value switch
    {
        null or "" => null,
        bool flag => flag ? "true" : "false",
        TimeSpan time => time.ToString("c"),
        Uri address => address.OriginalString,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static HashSet<string> KeysReadByHand()
    {
        var read = new HashSet<string>(StringComparer.Ordinal);
        foreach (var kind in new[] { "kestrel", "azure", "lambda", "webadapter" })
        {
            var recording = new Recording(Configuration([.. Set(
                $"--Hosting:Kind={kind}", "--Auth:Tokens:0:Name=me", "--OdooWebhooks:0:Name=console", "--Seed:Server:Code=local", "--Seed:Templates:blank=t",
                "--Queues:Sqs:QueueUrlPrefix=https://sqs.test/1/", "--Queues:AzureStorage:ConnectionString=UseDevelopmentStorage=true",
                "--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1")]), read);
            HostSettings.Read(recording, out _);
            QueueSettings.Read(recording, out _);
        }

        foreach (var set in new[]
        {
            Set(),
            Set("--Durable:Engine=scheduler", "--Durable:Scheduler:Endpoint=http://127.0.0.1:1"),
            Set("--Auth:Issuer=https://issuer.test", "--Auth:Introspection:Url=https://issuer.test/introspect"),
            Set("--Hosting:Kind=azure", "--Queues:AzureStorage:ServiceUri=https://account.queue.core.windows.net"),
        })
        {
            var recording = new Recording(Configuration(set), read);
            HostSettings.Read(recording, out _);
            QueueSettings.Read(recording, out _);
        }

        return read;
    }

    private static string ReadByHand(IEnumerable<KeyValuePair<string, string?>> set)
    {
        var settings = HostSettings.Read(Configuration(set), out _);
        return JsonSerializer.Serialize(new
        {
            settings.Urls,
            settings.Kind,
            settings.Worker,
            settings.Pump,
            settings.Server,
            Queues = QueueSettings.Read(Configuration(set), out _),
        });
    }

    // With every provider chosen, so that the settings of all of them are checked.
    private static IReadOnlyList<string> ProblemsWith(Func<Setting, string?> value)
    {
        var set = SettingsCatalogue.Settings.Where(s => !s.IsFromPlatform && value(s) is not null).Select(s => $"--{s.Key.Replace("{n}", "0", StringComparison.Ordinal)}={value(s)}");
        string[] arguments =
        [
            .. Valid, "--Dns:Provider=powerdns", "--Dns:PowerDns:Url=http://127.0.0.1:1", "--Dns:PowerDns:ApiKey=key",
            "--Certificates:Provider=acme", "--Certificates:Acme:AcceptTerms=true", "--Routing:Provider=caddy",
            "--Domains:Registrar:Provider=ovh", "--Domains:Registrar:Ovh:Subsidiary=FR",
            "--Dns:Ovh:ApplicationKey=k", "--Dns:Ovh:ApplicationSecret=k", "--Dns:Ovh:ConsumerKey=k",
            "--Database:PgBouncer:0:Server=local", "--Database:PgBouncer:0:DatabasesFile=/tmp/x", "--Database:PgBouncer:0:AdminPassword=p", "--Database:PgBouncer:0:TemplatePassword=p",
            "--Seed:Server:Code=local", "--Seed:Server:Url=http://127.0.0.1:1", "--Seed:Server:DatabasePassword=p", "--Seed:Server:ApplicationPassword=p",
            "--Queues:Sqs:QueueUrlPrefix=https://sqs.test/1/", "--Queues:Sqs:Region=x", "--Queues:Sqs:AccessKeyId=k", "--Queues:Sqs:SecretAccessKey=k",
            "--Queues:AzureStorage:ConnectionString=UseDevelopmentStorage=true",
            "--Auth:Issuer=https://issuer.test", "--Auth:Audience=api", "--Auth:Introspection:Url=https://issuer.test/introspect",
            "--Auth:Introspection:ClientId=id", "--Auth:Introspection:ClientSecret=secret",
            .. set,
        ];
        try
        {
            using var app = FunctionsHost.Build(arguments);
            return [];
        }
        catch (SettingsException wrong)
        {
            // The one setting that is measured by another: see its meaning.
            return [.. wrong.Problems.Where(p => p != "Pump__ActivityGrace must be shorter than Pump__Limit.")];
        }
    }

    private static (string From, string To)? Ends(Setting setting) => setting switch
    {
        { Numbers: var (from, to) } => (Text(from)!, Text(to)!),
        { Times: var (from, to) } => (Text(from)!, Text(to)!),
        _ => null,
    };

    private static (string Below, string? Above)? Beyond(Setting setting) => setting switch
    {
        { Numbers: var (from, to) } => (Text(from - 1)!, to is long.MaxValue ? null : Text(to + 1)),
        { Times: var (from, to) } => (Text(from - TimeSpan.FromMilliseconds(1))!, Text(to + TimeSpan.FromSeconds(1))),
        _ => null,
    };

    private static readonly string[] Valid =
    [
        "--ControlDatabase=Host=127.0.0.1;Database=bibind", "--Auth:Tokens:0:Name=first", "--Auth:Tokens:0:Token=first-token-0123456789abcdef", "--Auth:Tokens:0:Role=admin",
        $"--Secrets:MasterKey={ApiHost.MasterKey}", "--Platform:Domain=example.test", "--Storage:Local:Folder=unused",
    ];

    private static IReadOnlyList<KeyValuePair<string, string?>> Set(params string[] arguments) =>
        [.. arguments.Select(a => KeyValuePair.Create(a[2..a.IndexOf('=', StringComparison.Ordinal)], (string?)a[(a.IndexOf('=', StringComparison.Ordinal) + 1)..]))];

    private static IConfigurationRoot Configuration(IEnumerable<KeyValuePair<string, string?>> set) => new ConfigurationBuilder().AddInMemoryCollection(set).Build();

    [GeneratedRegex("""^\s*(//\s*)?"(?<name>[A-Za-z0-9_]+)":\s*"(?<value>[^"]*)",?\s*$""", RegexOptions.Multiline)]
    private static partial Regex SampleLine();

    [GeneratedRegex("[A-Z][A-Za-z0-9]+(__[A-Za-z0-9]+)+(__)?")]
    private static partial Regex NameInText();

    /// <summary>Keeps the names that are asked for.</summary>
    private sealed class Recording(IConfiguration inner, HashSet<string> read) : IConfiguration
    {
        public string? this[string key]
        {
            get
            {
                read.Add(key);
                return inner[key];
            }

            set => inner[key] = value;
        }

        public IEnumerable<IConfigurationSection> GetChildren() => inner.GetChildren();

        public IChangeToken GetReloadToken() => inner.GetReloadToken();

        public IConfigurationSection GetSection(string key)
        {
            // A map's names are asked for as a whole.
            foreach (var child in inner.GetSection(key).GetChildren().Where(c => c.Value is not null))
            {
                read.Add(child.Path);
            }

            return inner.GetSection(key);
        }
    }
}
