using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;

namespace Bibind.Local.Demo;

/// <summary>
/// <c>local.settings.json</c>: made with random secrets at the first start, and afterwards changed only where PostgreSQL moved.
/// </summary>
internal sealed class SettingsFile
{
    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true };
    private readonly JsonObject values;

    private SettingsFile(string path, JsonObject values)
    {
        Path = path;
        this.values = values;
    }

    public string Path { get; }

    /// <summary>The address to call the host at.</summary>
    public Uri Address => new(
        Required("Urls").Split(';')[0].Replace("//0.0.0.0:", "//127.0.0.1:", StringComparison.Ordinal)
            .Replace("//*:", "//127.0.0.1:", StringComparison.Ordinal).Replace("//+:", "//127.0.0.1:", StringComparison.Ordinal));

    public string ApiToken => Required("Auth__Tokens__0__Token");

    public string WebhookToken => Required("OdooWebhooks__0__Token");

    /// <summary>The value of a setting.</summary>
    /// <exception cref="LocalServerException">It is missing.</exception>
    public string Required(string name) => Find(name) ?? throw new LocalServerException($"{Path} has no value for {name}.");

    public string? Find(string name) => values[name]?.ToString();

    /// <summary>The file of an installation.</summary>
    public static string In(string folder) => System.IO.Path.Combine(folder, "local.settings.json");

    /// <summary>Reads the file, or begins a new one, and completes it for this cluster.</summary>
    public static SettingsFile Prepare(
        string root, EmbeddedPostgres postgres, IReadOnlyDictionary<string, string> templates, IReadOnlyDictionary<string, string>? given = null)
    {
        var path = In(root);
        var document = Read(path);
        if (document["Values"] is not JsonObject values)
        {
            values = [];
            document["Values"] = values;
        }

        var file = new SettingsFile(path, values);
        var before = document.ToJsonString();
        foreach (var (name, value) in given ?? new Dictionary<string, string>())
        {
            file.Set(name, value);
        }

        file.AddMissing(root, templates);
        file.FollowCluster(postgres);
        if (document.ToJsonString() != before || !File.Exists(path))
        {
            ClusterFolder.WritePrivate(path, document.ToJsonString(Layout) + "\n");
        }

        return file;
    }

    private static JsonObject Read(string path)
    {
        if (!File.Exists(path))
        {
            return new JsonObject { ["IsEncrypted"] = false };
        }

        try
        {
            var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
            return JsonNode.Parse(File.ReadAllText(path), documentOptions: options) as JsonObject
                ?? throw new LocalServerException($"{path} is not a JSON object.");
        }
        catch (JsonException wrong)
        {
            throw new LocalServerException($"{path} is not valid JSON: {wrong.Message}", wrong);
        }
    }

    private void AddMissing(string root, IReadOnlyDictionary<string, string> templates)
    {
        Add("Secrets__MasterKey", () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        Add("Auth__Tokens__0__Name", () => "operator");
        Add("Auth__Tokens__0__Token", NewToken);
        Add("Auth__Tokens__0__Role", () => "admin");
        Add("OdooWebhooks__0__Name", () => "console");
        Add("OdooWebhooks__0__Token", NewToken);
        Add("Storage__Local__Folder", () => System.IO.Path.Combine(root, "data", "storage"));
        Add("FileStore__Provider", () => "folder");
        Add("FileStore__Folder", () => FileStore(root));
        Add("Platform__Domain", () => "bibind.localhost");
        Add("Urls", () => "http://127.0.0.1:7071");
        Add("Console__Environment", () => "development");
        Add("Seed__Server__Code", () => "local");
        Add("Seed__Server__Name", () => "This machine");
        Add("Seed__Server__Url", () => "http://127.0.0.1:8069");
        Add("Seed__Server__ApplicationRole", () => LocalServer.ApplicationRole);
        foreach (var (code, database) in templates)
        {
            Add($"Seed__Templates__{code}", () => database);
        }
    }

    /// <summary>Where the templates' files are, and so their tenants'.</summary>
    public static string FileStore(string root) => System.IO.Path.Combine(root, "data", "filestore");

    private void FollowCluster(EmbeddedPostgres postgres)
    {
        var ours = new NpgsqlConnectionStringBuilder(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        var present = new NpgsqlConnectionStringBuilder(Find("ControlDatabase") ?? "Host=127.0.0.1");
        if (present.Host == ours.Host)
        {
            (present.Port, present.Database, present.Username, present.Password) = (ours.Port, ours.Database, ours.Username, ours.Password);
            Set("ControlDatabase", present.ConnectionString);
        }

        if (Find("Seed__Server__DatabaseHost") is null || Find("Seed__Server__DatabaseHost") == ours.Host)
        {
            Set("Seed__Server__DatabaseHost", ours.Host!);
            Set("Seed__Server__DatabasePort", ours.Port.ToString(CultureInfo.InvariantCulture));
            Set("Seed__Server__DatabaseUser", LocalServer.MaintenanceRole);
            Set("Seed__Server__DatabasePassword", postgres.PasswordOf(LocalServer.MaintenanceRole));
            Set("Seed__Server__ApplicationPassword", postgres.PasswordOf(LocalServer.ApplicationRole));
        }
    }

    private void Add(string name, Func<string> value)
    {
        if (Find(name) is null)
        {
            Set(name, value());
        }
    }

    private void Set(string name, string value) => values[name] = value;

    private static string NewToken() => RandomNumberGenerator.GetHexString(48, lowercase: true);
}
