using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Functions.Tests.Hosting;

/// <summary>Answers JSON-RPC as Odoo 18 does, or as something else would.</summary>
public sealed class OdooRpcStub : IAsyncDisposable
{
    private readonly WebApplication _app;

    private OdooRpcStub(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public static Task<OdooRpcStub> StartAsync() => StartAsync(
        StatusCodes.Status200OK,
        """{"jsonrpc": "2.0", "id": 1, "result": {"server_version": "18.0", "server_version_info": [18, 0, 0, "final", 0, ""], "server_serie": "18.0", "protocol_version": 1}}""");

    public static Task<OdooRpcStub> StartAsync(int status, string answer) => StartAsync(status, _ => answer);

    /// <summary>Answers by what is asked.</summary>
    public static async Task<OdooRpcStub> StartAsync(int status, Func<string, string> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var call = await reader.ReadToEndAsync();
            context.Response.StatusCode = context.Request.Path == "/jsonrpc" ? status : StatusCodes.Status404NotFound;
            await context.Response.WriteAsync(answer(call));
        });
        await app.StartAsync();
        return new OdooRpcStub(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
