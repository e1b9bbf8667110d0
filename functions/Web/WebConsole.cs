using Bibind.Functions.InProcess;
using Bibind.Functions.Problems;
using Bibind.Functions.Security;
using Bibind.Functions.Triggers;
using Bibind.WebConsole.Registration;
using Bibind.WebConsole.Web;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Web;

/// <summary>The operators' web console at this host.</summary>
internal static class WebConsole
{
    // On Azure one function for all pages and one for all files, for each costs its start.
    private static readonly PartOfFunction Pages = new("console", "console/{*page}");
    private static readonly PartOfFunction Files = new("consoleAssets", "console/assets/{*file}");

    public static void AddWebConsole(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<WebConsoleOptions>().Bind(builder.Configuration.GetSection(WebConsoleOptions.Section))
            .Validate(
                o => WebConsoleOptions.IsTraceUrl(o.TraceUrl),
                $"Console__TraceUrl must be an absolute address, http or https, with {WebConsoleOptions.TraceIdPlace} where the id of the trace belongs, such as https://traces.example.com/trace/{WebConsoleOptions.TraceIdPlace}.")
            .ValidateOnStart();
        builder.Services.AddSingleton<InProcessPipeline>().AddSingleton<IConsoleHost, ConsoleHost>();
    }

    public static void MapWebConsole(this IEndpointRouteBuilder routes)
    {
        // Also for the sign-in, which there is without the pages.
        routes.MapConsoleFiles().ExcludeFromDescription().WithMetadata(Files, new NeedsNoDatabase());
        if (!routes.ServiceProvider.GetRequiredService<IOptions<WebConsoleOptions>>().Value.Enabled)
        {
            return;
        }

        routes.MapConsolePages().NeedsRole(Role.Viewer).ExcludeFromDescription().WithMetadata(Pages, new RecordedWithin());
    }
}
