using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Bibind.Local.RealServers;

/// <summary>Odoo refused or failed a call; what it says, and the end of its traceback.</summary>
public sealed class OdooCallException(string message, string details) : Exception($"{message}\n{details}");

/// <summary>Calls a real Odoo by JSON-RPC, as another program does.</summary>
/// <param name="url">Where it listens.</param>
public sealed class OdooClient(Uri url) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly HttpClient _http = new() { BaseAddress = url, Timeout = Limit };

    public void Dispose() => _http.Dispose();

    /// <summary>Calls a method of a service: <c>common</c>, <c>db</c> or <c>object</c>.</summary>
    /// <returns>Its result; null where it says nothing.</returns>
    /// <exception cref="OdooCallException">It refused or failed.</exception>
    public async Task<JsonNode?> CallServiceAsync(string service, string method, JsonArray arguments, CancellationToken cancellationToken = default)
    {
        var question = new JsonObject
        {
            ["jsonrpc"] = "2.0",
            ["method"] = "call",
            ["id"] = 1,
            ["params"] = new JsonObject { ["service"] = service, ["method"] = method, ["args"] = arguments },
        };
        using var answer = await _http.PostAsJsonAsync(new Uri("/jsonrpc", UriKind.Relative), question, cancellationToken);
        answer.EnsureSuccessStatusCode();
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellationToken))!;
        return body["error"] is { } error
            ? throw new OdooCallException($"{error["data"]?["message"] ?? error["message"]}", $"{error["data"]?["debug"]}")
            : body["result"];
    }

    /// <summary>Signs in to a database.</summary>
    /// <exception cref="OdooCallException">The login or password is wrong, or the database is not there.</exception>
    public async Task<OdooSession> SignInAsync(string database, string login, string password, CancellationToken cancellationToken = default)
    {
        var user = await CallServiceAsync("common", "authenticate", [database, login, password, new JsonObject()], cancellationToken);
        return user is JsonValue value && value.TryGetValue<int>(out var id)
            ? new OdooSession(this, database, id, password)
            : throw new OdooCallException($"{login} cannot sign in to {database}.", "Wrong login or password.");
    }
}

/// <summary>Works in one database as one user.</summary>
public sealed class OdooSession
{
    private readonly OdooClient _client;
    private readonly string _password;

    internal OdooSession(OdooClient client, string database, int userId, string password) =>
        (_client, Database, UserId, _password) = (client, database, userId, password);

    public string Database { get; }

    public int UserId { get; }

    /// <summary>Calls a method of a model.</summary>
    /// <exception cref="OdooCallException">It refused or failed.</exception>
    public Task<JsonNode?> CallAsync(
        string model, string method, JsonArray? arguments = null, JsonObject? named = null, CancellationToken cancellationToken = default) =>
        _client.CallServiceAsync(
            "object", "execute_kw", [Database, UserId, _password, model, method, arguments ?? [], named ?? []], cancellationToken);

    /// <summary>Makes a record.</summary>
    /// <returns>Its id.</returns>
    public async Task<int> CreateAsync(string model, JsonObject values, CancellationToken cancellationToken = default)
    {
        var made = await CallAsync(model, "create", [values], cancellationToken: cancellationToken);
        return made is JsonArray several ? several.Single()!.GetValue<int>() : made!.GetValue<int>();
    }

    /// <summary>The records that a domain finds, with these fields; archived ones too if it asks for them.</summary>
    public async Task<IReadOnlyList<JsonObject>> FindAsync(
        string model, JsonArray domain, IReadOnlyList<string> fields, CancellationToken cancellationToken = default)
    {
        var named = new JsonObject { ["fields"] = new JsonArray([.. fields.Select(f => JsonValue.Create(f))]) };
        var found = await CallAsync(model, "search_read", [domain], named, cancellationToken);
        return [.. found!.AsArray().Select(record => record!.AsObject())];
    }

    /// <summary>The id of a record that a module brought, such as <c>base.main_company</c>.</summary>
    public async Task<int> IdOfAsync(string module, string name, CancellationToken cancellationToken = default)
    {
        var found = await FindAsync(
            "ir.model.data", [new JsonArray("module", "=", module), new JsonArray("name", "=", name)], ["res_id"], cancellationToken);
        return found.Single()["res_id"]!.GetValue<int>();
    }
}
