using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>The pipeline that answers HTTP requests on every host, here run within a function.</summary>
internal sealed class HttpPipeline
{
    private readonly RequestDelegate _run;

    public HttpPipeline(IServiceProvider services)
    {
        var app = new ApplicationBuilder(services);
        FunctionsHost.UseFunctions(app);
        _run = app.Build();
        Endpoints = [.. app.Properties.Values.OfType<IEndpointRouteBuilder>().Single().DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()];
    }

    /// <summary>Every route.</summary>
    public IReadOnlyList<RouteEndpoint> Endpoints { get; }

    /// <summary>Answers a request that the worker's own routing has led to a function.</summary>
    public Task RunAsync(HttpContext context)
    {
        // Its match is the function; ours is the endpoint, and with one set nothing would be matched.
        context.SetEndpoint(null);
        context.Request.RouteValues = [];
        return _run(context);
    }
}
