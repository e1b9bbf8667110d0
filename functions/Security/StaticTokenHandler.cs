using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Security;

/// <summary>Tokens that the settings hold, for local use and for machines.</summary>
internal sealed class StaticTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, Callers callers)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
        BearerToken.Read(Request) is not { } token ? AuthenticateResult.NoResult()
        : callers.FindBearer(token) is { } caller ? CallerIdentity.Ticket(caller, Scheme.Name)
        : AuthenticateResult.Fail(new TokenRefusedException("The token is unknown; ask an operator for a valid one.")));
}
