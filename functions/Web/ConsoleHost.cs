using Bibind.Functions.InProcess;
using Bibind.Functions.Security;
using Bibind.WebConsole.Web;
using Microsoft.AspNetCore.Antiforgery;

namespace Bibind.Functions.Web;

/// <summary>What this host does for the console.</summary>
internal sealed class ConsoleHost(InProcessPipeline pipeline, IServiceScopeFactory scopes, IAntiforgery antiforgery) : IConsoleHost
{
    public ConsoleCaller CallerOf(HttpContext context)
    {
        var caller = context.Caller();
        return new ConsoleCaller(caller.Name, (caller.Role ?? Role.Viewer).ToName());
    }

    public HttpMessageHandler ApiOf(HttpContext context) => new InProcessHandler(pipeline, scopes, context);

    public (string Name, string Value)? FormToken(HttpContext context) =>
        context.Caller().Session is not null && antiforgery.GetTokens(context).RequestToken is { } token ? (ConsoleAntiforgery.Field, token) : null;
}
