using System.Text.Encodings.Web;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Security;

/// <summary>The console's sessions, by their cookie.</summary>
internal sealed class SessionHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ConsoleCookies cookies, ConsoleSessions sessions, IControlPlaneReadiness readiness)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (cookies.Read(Context, ConsoleCookies.Session) is not { } value)
        {
            return AuthenticateResult.NoResult();
        }

        await readiness.EnsureReadyAsync(Context.RequestAborted);
        return await sessions.FindAsync(value, Context.RequestAborted) is { } session
            ? CallerIdentity.Ticket(ConsoleSessions.CallerOf(session), Scheme.Name)
            : AuthenticateResult.Fail(new TokenRefusedException("The session is over; sign in again."));
    }
}
