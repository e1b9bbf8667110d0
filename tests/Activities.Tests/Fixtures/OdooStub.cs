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

    /// <summary>Where <c>/web/login</c> sends the visitor.</summary>
    public string? Location { get; set; }

    /// <summary>True for <c>/json/2</c>, as 19 has it; before, users are made by <c>execute_kw</c> only.</summary>
    public bool HasJson2 { get; set; }

    /// <summary>What <c>/json/2</c> answers instead of doing what it was asked for.</summary>
    public (int Status, string Body)? Json2Answer { get; set; }

    /// <summary>Called with the key, the database and the user when one is made; false if the key is not right.</summary>
    public Func<string, string, JsonObject, Task<bool>> Made { get; set; } = (_, _, _) => Task.FromResult(true);

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
        app.MapPost("/json/2/res.users/create", stub.CreateAsync);
        app.MapGet("/web/login", (HttpContext http) =>
        {
            http.Response.Headers.Location = stub.Location;
            return Results.StatusCode(stub.LoginPage(http.Request.Host.Value!));
        });
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
                "object" => await ExecuteAsync(arguments),
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

    private async Task<JsonNode?> ExecuteAsync(JsonArray arguments)
    {
        var (model, method, values, options) = ((string)arguments[3]!, (string)arguments[4]!, arguments[5]!.AsArray(), arguments[6]!);
        if ((model, method) != ("res.users", "create"))
        {
            return new JsonArray();
        }

        return await MakeAsync((string)arguments[2]!, (string)arguments[0]!, values[0]![0]!, options["context"]!)
            ? new JsonArray(Users.Count + 9)
            : throw new OdooException("odoo.exceptions.AccessDenied", "Access Denied");
    }

    private async Task<IResult> CreateAsync(HttpContext http, JsonObject body)
    {
        if (!HasJson2)
        {
            return Results.NotFound();
        }

        if (Json2Answer is var (status, text))
        {
            return Results.Text(text, statusCode: status);
        }

        try
        {
            var key = http.Request.Headers.Authorization.ToString()["Bearer ".Length..];
            return await MakeAsync(key, http.Request.Headers["X-Odoo-Database"].ToString(), body["vals_list"]![0]!, body["context"]!)
                ? Results.Json(new JsonArray(Users.Count + 9))
                : Results.Json(new JsonObject { ["name"] = "werkzeug.exceptions.Unauthorized", ["message"] = "Invalid apikey" }, statusCode: 401);
        }
        catch (OdooException error)
        {
            return Results.Json(new JsonObject { ["name"] = error.Name, ["message"] = error.Message, ["debug"] = "Traceback …" }, statusCode: 422);
        }
    }

    private async Task<bool> MakeAsync(string key, string database, JsonNode user, JsonNode context)
    {
        if (CreateError is { } error)
        {
            throw new OdooException(error.Name, error.Message);
        }

        if (!await Made(key, database, user.AsObject()))
        {
            return false;
        }

        Users.Add(JsonSerializer.Deserialize<JsonObject>(user.ToJsonString())!);
        Contexts.Add(JsonSerializer.Deserialize<JsonObject>(context.ToJsonString())!);
        return true;
    }

    private sealed class OdooException(string name, string message) : Exception(message)
    {
        public string Name { get; } = name;
    }
}
