using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;

namespace Bibind.Functions.Security;

/// <summary>A caller, as the framework passes identities on.</summary>
internal sealed class CallerIdentity(Caller caller, string scheme) : ClaimsIdentity(scheme)
{
    public Caller Caller { get; } = caller;

    /// <inheritdoc/>
    public override string Name => Caller.Name;

    /// <summary>The caller of a request; null if nobody was authenticated.</summary>
    public static Caller? Of(ClaimsPrincipal user) => user.Identities.OfType<CallerIdentity>().SingleOrDefault()?.Caller;

    public static ClaimsPrincipal Principal(Caller caller, string scheme) => new(new CallerIdentity(caller, scheme));

    public static AuthenticateResult Ticket(Caller caller, string scheme) =>
        AuthenticateResult.Success(new AuthenticationTicket(Principal(caller, scheme), scheme));
}
