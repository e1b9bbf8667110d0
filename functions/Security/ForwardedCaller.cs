using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Security;

/// <summary>Who stands behind a call within the process; a feature of its context, which nothing that comes from outside can set.</summary>
internal sealed record ForwardedCaller(ClaimsPrincipal User)
{
    /// <summary>The scheme that reads it.</summary>
    public const string Scheme = "forwarded";
}

/// <summary>Takes the caller that was authenticated for the outer call.</summary>
internal sealed class ForwardedCallerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
        Context.Features.Get<ForwardedCaller>() is { } forwarded
            ? AuthenticateResult.Success(new AuthenticationTicket(forwarded.User, Scheme.Name))
            : AuthenticateResult.NoResult());
}
