using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Security;

/// <summary>Tokens that the settings hold, for local use and for machines.</summary>
internal sealed class StaticTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, Callers callers, TokenUses uses)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
        BearerToken.Read(Request) is not { } token ? AuthenticateResult.NoResult()
        : callers.FindBearer(token) is not { } found ? Refuse("The token is unknown; ask an operator for a valid one.")
        : uses.Accept(found.Name) ? CallerIdentity.Ticket(found.Owner, Scheme.Name)
        : Refuse($"The token ended at {found.Name.NotAfter:u}; ask an operator for the one that replaced it."));

    private static AuthenticateResult Refuse(string reason) => AuthenticateResult.Fail(new TokenRefusedException(reason));
}
