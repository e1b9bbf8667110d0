using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Modules;

/// <summary>
/// Answers as Odoo 19 does to calls of <c>ir.module.module</c> and <c>res.company</c> by <c>/json/2</c>, and does to the database what an
/// installation does: a table of each module, rows in it, states. Whoever has no key in the database is refused.
/// </summary>
internal sealed class OdooModulesStub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Func<string, NpgsqlDataSource> _open;

    private OdooModulesStub(WebApplication app, Func<string, NpgsqlDataSource> open) => (_app, _open) = (app, open);

    public Uri Url => new(_app.Urls.Single());

    /// <summary>The calls that were answered, such as <c>acme button_immediate_install</c>.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>False answers 503 to the login page.</summary>
    public bool Answers { get; set; } = true;

    /// <summary>What the login page says after modules were changed.</summary>
    public int StatusAfterwards { get; set; } = StatusCodes.Status200OK;

    /// <summary>What happens to a call once; it is done as usual afterwards.</summary>
    public Mishap Mishap { get; set; }

    public static async Task<OdooModulesStub> StartAsync(Func<string, NpgsqlDataSource> open)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var stub = new OdooModulesStub(app, open);
        app.MapGet("/web/login", () => Results.StatusCode(!stub.Answers ? StatusCodes.Status503ServiceUnavailable : stub.Calls.Count > 0 ? stub.StatusAfterwards : StatusCodes.Status200OK));
        app.MapPost("/json/2/ir.module.module/{method}", stub.ChangeAsync);
        app.MapPost("/json/2/res.company/write", stub.WriteAsync);
        app.MapFallback(() => Results.StatusCode(StatusCodes.Status503ServiceUnavailable));
        await app.StartAsync();
        return stub;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> ChangeAsync(HttpContext http, string method, JsonObject body)
    {
        var name = http.Request.Headers["X-Odoo-Database"].ToString();
        await using var database = _open(name);
        if (!await HasKeyAsync(database, http))
        {
            return Results.Json(new JsonObject { ["name"] = "werkzeug.exceptions.Unauthorized", ["message"] = "Invalid apikey" }, statusCode: 401);
        }

        var (mishap, ids) = (Mishap, body["ids"]!.AsArray().Select(i => (int)i!).ToArray());
        Mishap = Mishap is Mishap.Refusal ? Mishap.Refusal : Mishap.None;
        switch (mishap)
        {
            case Mishap.Refusal:
                return Refuse("Something of the module's own.");
            case Mishap.Busy:
                return Refuse("Odoo is currently processing a scheduled action.\nModule operations are not possible at this time, please try again later.");
            case Mishap.HalfWay:
                await ExecuteAsync(database, "update ir_module_module set state = 'to install' where id = any($1)", ids);
                return Results.StatusCode(StatusCodes.Status502BadGateway);
        }

        await InstallAsync(database, method == "button_immediate_install", ids);
        Calls.Add($"{name} {method}");
        return mishap == Mishap.LostAnswer ? Results.StatusCode(StatusCodes.Status502BadGateway) : Results.Json(new JsonObject());
    }

    private async Task<IResult> WriteAsync(HttpContext http, JsonObject body)
    {
        var name = http.Request.Headers["X-Odoo-Database"].ToString();
        await using var database = _open(name);
        if (!await HasKeyAsync(database, http))
        {
            return Results.StatusCode(StatusCodes.Status401Unauthorized);
        }

        foreach (var (column, value) in body["vals"]!.AsObject())
        {
            await using var write = database.CreateCommand($"update res_company set {column} = $1 where id = any($2)");
            write.Parameters.AddWithValue(value!.GetValueKind() == System.Text.Json.JsonValueKind.String ? (string)value! : DBNull.Value);
            write.Parameters.AddWithValue(body["ids"]!.AsArray().Select(i => (int)i!).ToArray());
            await write.ExecuteNonQueryAsync();
        }

        Calls.Add($"{name} write");
        return Results.Json(true);
    }

    private static async Task InstallAsync(NpgsqlDataSource database, bool isInstalled, int[] ids)
    {
        await using var find = database.CreateCommand("select name from ir_module_module where id = any($1)");
        find.Parameters.AddWithValue(ids);
        var names = new List<string>();
        await using (var reader = await find.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                names.Add(reader.GetString(0));
            }
        }

        foreach (var table in names.Select(n => $"module_{n}"))
        {
            await ExecuteAsync(database, isInstalled ? $"set role odoo; create table if not exists {table} (id serial primary key, note text)" : $"drop table if exists {table}");
        }

        await ExecuteAsync(
            database,
            isInstalled
                ? "update ir_module_module set state = 'installed', latest_version = '19.0.1.0' where id = any($1)"
                : "update ir_module_module set state = 'uninstalled', latest_version = null where id = any($1)",
            ids);
    }

    private static async Task<bool> HasKeyAsync(NpgsqlDataSource database, HttpContext http)
    {
        var key = http.Request.Headers.Authorization.ToString()["Bearer ".Length..];
        await using var find = database.CreateCommand("select count(*) from res_users_apikeys where index = $1");
        find.Parameters.AddWithValue(key[..8]);
        return (long)(await find.ExecuteScalarAsync())! == 1;
    }

    private static IResult Refuse(string words) =>
        Results.Json(new JsonObject { ["name"] = "odoo.exceptions.UserError", ["message"] = words, ["debug"] = "Traceback …" }, statusCode: 422);

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql, int[]? ids = null)
    {
        await using var command = database.CreateCommand(sql);
        if (ids is not null)
        {
            command.Parameters.AddWithValue(ids);
        }

        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>What can happen to a call.</summary>
internal enum Mishap
{
    None,

    /// <summary>Refused whenever it is asked.</summary>
    Refusal,

    /// <summary>Refused this time, for something else is at work.</summary>
    Busy,

    /// <summary>It died in between.</summary>
    HalfWay,

    /// <summary>Done, and nobody was told.</summary>
    LostAnswer,
}
