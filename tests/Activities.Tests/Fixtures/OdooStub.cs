using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>
/// Answers JSON-RPC as Odoo 18 documents it: errors come with HTTP 200, <c>authenticate</c> answers false for a wrong
/// password, and <c>create_database</c> answers true also when it failed.
/// </summary>
internal sealed class OdooStub : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OdooStub(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>The password that <c>authenticate</c> accepts.</summary>
    public string AdministratorPassword { get; set; } = "administrator-password";

    /// <summary>The users that were created, as they were given.</summary>
    public List<JsonObject> Users { get; } = [];

    /// <summary>The contexts of the creations.</summary>
    public List<JsonObject> Contexts { get; } = [];

    /// <summary>Raised by <c>create</c> when set: the exception's name and message.</summary>
    public (string Name, string Message)? CreateError { get; set; }

    /// <summary>What <c>/web/login</c> answers, by the host that was asked for.</summary>
    public Func<string, int> LoginPage { get; set; } = _ => StatusCodes.Status200OK;

    /// <summary>The <c>db</c> service, by method.</summary>
    public Dictionary<string, Func<JsonArray, Task<JsonNode?>>> Databases { get; } = [];

    /// <summary>What the real one answers to a wrong master password, and where it may not manage databases.</summary>
    public static Exception AccessDenied() => new OdooException("odoo.exceptions.AccessDenied", "Access Denied");

    public static async Task<OdooStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var stub = new OdooStub(app);
        app.MapPost("/jsonrpc", stub.CallAsync);
        app.MapGet("/web/login", (HttpContext http) => Results.StatusCode(stub.LoginPage(http.Request.Host.Value!)));
        await app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> CallAsync(JsonObject request)
    {
        var call = request["params"]!;
        var arguments = call["args"]!.AsArray();
        try
        {
            var result = (string)call["service"]! switch
            {
                "common" => Common((string)call["method"]!, arguments),
                "object" => Execute(arguments),
                "db" => await Databases[(string)call["method"]!](arguments),
                var other => throw new OdooException("builtins.KeyError", other),
            };
            return Results.Json(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["result"] = result });
        }
        catch (OdooException error)
        {
            return Results.Json(new JsonObject
            {
                ["jsonrpc"] = "2.0",
                ["id"] = 1,
                ["error"] = new JsonObject
                {
                    ["code"] = 200,
                    ["message"] = "Odoo Server Error",
                    ["data"] = new JsonObject { ["name"] = error.Name, ["debug"] = "Traceback …", ["message"] = error.Message, ["arguments"] = new JsonArray() },
                },
            });
        }
    }

    private JsonNode? Common(string method, JsonArray arguments) => method switch
    {
        "version" => new JsonObject { ["server_version"] = "18.0", ["server_serie"] = "18.0", ["protocol_version"] = 1 },
        _ => (string?)arguments[2] == AdministratorPassword ? 2 : false,
    };

    private JsonNode? Execute(JsonArray arguments)
    {
        var (model, method, values, options) = ((string)arguments[3]!, (string)arguments[4]!, arguments[5]!.AsArray(), arguments[6]!);
        switch (model, method)
        {
            case ("res.users", "search"):
                var login = (string)values[0]![0]![2]!;
                return new JsonArray([.. Users.Select((user, i) => (user, Id: i + 10)).Where(u => (string?)u.user["login"] == login).Select(u => JsonValue.Create(u.Id))]);
            case ("res.users", "create"):
                if (CreateError is { } error)
                {
                    throw new OdooException(error.Name, error.Message);
                }

                Users.Add(JsonSerializer.Deserialize<JsonObject>(values[0]![0]!.ToJsonString())!);
                Contexts.Add(JsonSerializer.Deserialize<JsonObject>(options["context"]!.ToJsonString())!);
                return JsonValue.Create(Users.Count + 9);
            default:
                return new JsonArray();
        }
    }

    private sealed class OdooException(string name, string message) : Exception(message)
    {
        public string Name { get; } = name;
    }
}
