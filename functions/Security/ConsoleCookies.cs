using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Bibind.Functions.Security;

/// <summary>
/// The console's cookies: each holds a random value that means something to us alone. Tenants' addresses may be siblings of the console's, and a sibling can
/// set cookies for it: not such whose name begins with <c>__Host-</c>.
/// </summary>
internal sealed class ConsoleCookies(SignInOptions options)
{
    private const int Bytes = 32;
    private const int Length = 43;

    /// <summary>The session.</summary>
    public const string Session = "bibind";

    /// <summary>Whoever looks at the form of the sign-in.</summary>
    public const string Form = "bibind-form";

    /// <summary>Whoever is on the way to the issuer and back.</summary>
    public const string CodeFlow = "bibind-code-flow";

    /// <summary>A value that nobody can guess.</summary>
    public static string NewValue() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>A value that follows from another one, and from which that does not follow.</summary>
    /// <param name="value">Of a cookie.</param>
    /// <param name="use">What it is for; different uses have nothing in common.</param>
    public static byte[] Derive(string value, string use) => HMACSHA256.HashData(Encoding.ASCII.GetBytes(value), Encoding.UTF8.GetBytes(use));

    /// <summary>The value of a cookie, if it can be one of ours.</summary>
    public string? Read(HttpContext context, string cookie) =>
        context.Request.Cookies[NameOf(context, cookie)] is { Length: Length } value && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? value : null;

    /// <summary>Sets a cookie.</summary>
    /// <param name="context">The call.</param>
    /// <param name="cookie">Which.</param>
    /// <param name="value">Its value.</param>
    /// <param name="site">Lax for what must be there when the issuer sends the browser back, or when a link in a letter leads here.</param>
    public void Set(HttpContext context, string cookie, string value, SameSiteMode site) =>
        context.Response.Cookies.Append(NameOf(context, cookie), value, Attributes(context, site));

    /// <summary>Takes a cookie away.</summary>
    public void Remove(HttpContext context, string cookie) => context.Response.Cookies.Delete(NameOf(context, cookie), Attributes(context, SameSiteMode.Lax));

    /// <summary>True for a browser on this machine that asks without TLS, where the host listens for it alone. Everybody else's cookies need TLS.</summary>
    public bool IsFromThisMachine(HttpContext context)
    {
        var request = context.Request;
        return options.Console.IsOnThisMachineOnly && options.Console.PublicUrl is null or { IsLoopback: true, Scheme: "http" } && !request.IsHttps && IsLoopback(request.Host.Host)
            && (context.Connection.RemoteIpAddress is not { } peer || IPAddress.IsLoopback(peer))
            && !request.Headers.Keys.Any(h => h.StartsWith("X-Forwarded-", StringComparison.OrdinalIgnoreCase) || h.Equals("Forwarded", StringComparison.OrdinalIgnoreCase) || h.Equals("Via", StringComparison.OrdinalIgnoreCase));
    }

    // A name that somebody made lead here is not this machine's.
    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    // Browsers share the cookies of all ports of a host.
    private string NameOf(HttpContext context, string cookie) => IsFromThisMachine(context)
        ? $"{cookie}-{(context.Request.Host.Port ?? 80).ToString(CultureInfo.InvariantCulture)}"
        : $"__Host-{cookie}";

    private CookieOptions Attributes(HttpContext context, SameSiteMode site) => new()
    {
        Path = "/",
        HttpOnly = true,
        Secure = !IsFromThisMachine(context),
        SameSite = site,
        IsEssential = true,
    };
}
