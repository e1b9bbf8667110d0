using System.Text.Encodings.Web;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Security;

/// <summary>Opaque tokens of the issuer.</summary>
internal sealed class IntrospectionHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, Introspection introspection)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken.Read(Request) is not { } token)
        {
            return AuthenticateResult.NoResult();
        }

        try
        {
            return CallerIdentity.Ticket(await introspection.FindAsync(token, Context.RequestAborted), Scheme.Name);
        }
        catch (Exception refused) when (refused is TokenRefusedException or ProblemException)
        {
            return AuthenticateResult.Fail(refused);
        }
    }
}
