using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Bibind.CrashHost;

/// <summary>
/// Kills the process, as <c>kill -9</c> does, when the answer to a command at an address is about to go out (<c>answering:/PATH</c>, which is what the
/// address begins with): what it asked for is done, and whoever asked is told nothing.
/// </summary>
internal sealed class KillingAnswer(string boundary) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, go) =>
        {
            if (HttpMethods.IsPost(context.Request.Method) && boundary.StartsWith("answering:/", StringComparison.Ordinal)
                && $"answering:{context.Request.Path}".StartsWith(boundary, StringComparison.Ordinal))
            {
                context.Response.OnStarting(() =>
                {
                    Process.GetCurrentProcess().Kill();
                    // The signal ends the process within this call or right after it; nothing may go on meanwhile.
                    return Task.Delay(Timeout.Infinite);
                });
            }

            return go(context);
        });
        next(app);
    };
}
