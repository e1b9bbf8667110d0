using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Bibind.Activities.Certificates;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;

namespace Bibind.Activities.Routing;

/// <summary>What a proxy must do with a host name; checked, so that it can be written into any configuration.</summary>
internal sealed partial record TenantRoute
{
    /// <summary>The path at which a route says which one it is, without asking the application.</summary>
    public const string RevisionPath = "/.well-known/bibind-route";

    /// <summary>Plain requests below it are never redirected: certification authorities ask there.</summary>
    public const string ChallengePath = "/.well-known/acme-challenge/";

    /// <summary>Where, and below which, the application takes websockets.</summary>
    public const string WebsocketPath = "/websocket";

    /// <summary>
    /// What never reaches the application: its pages and XML-RPC for managing databases, which serve all tenants' alike, whether or not its
    /// configuration switches them off. Of the path as a proxy compares it, decoded and cleaned. Odoo lets a language stand before every
    /// path, which a tenant may call as he likes. JSON-RPC has one path for everything and is left to the configuration.
    /// </summary>
    public const string RefusedPaths = "(?i)^/+(?:[^/]+/+)?(?:web/+database|xmlrpc/+(?:2/+)?db)(?:/|$)";

    /// <summary>The application may think about an answer for as long as Odoo's own example of a proxy lets it.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(12);

    public required string Host { get; init; }

    /// <summary>Whose it is.</summary>
    public required string Owner { get; init; }

    /// <summary>The application server.</summary>
    public required Uri Upstream { get; init; }

    /// <summary>The application server's port for websockets; null if they go where everything goes.</summary>
    public int? WebsocketPort { get; init; }

    /// <summary>The largest body of a request, in bytes.</summary>
    public required long LargestBody { get; init; }

    /// <summary>The host name that the application is told instead of the one that was asked for; null tells it that one.</summary>
    public string? ApplicationHost { get; init; }

    /// <summary>The public address without path, if that is https.</summary>
    public string? SecureAddress { get; init; }

    /// <summary>Null for a plain route.</summary>
    public RouteCertificate? Certificate { get; init; }

    /// <summary>What is shown instead of the application; null shows the application.</summary>
    public RoutePage? Page { get; init; }

    /// <summary>True if plain requests are sent to the secure address.</summary>
    public bool Redirects => Certificate is not null && SecureAddress is not null;

    /// <summary>The upstream's host and port.</summary>
    public string Dial => string.Create(CultureInfo.InvariantCulture, $"{Upstream.Host}:{Upstream.Port}");

    /// <summary>The upstream's host and port for websockets; null if they go where everything goes.</summary>
    public string? WebsocketDial => WebsocketPort is { } port ? string.Create(CultureInfo.InvariantCulture, $"{Upstream.Host}:{port}") : null;

    /// <summary>Tells this route from every other, an earlier one of the same host included.</summary>
    public string Revision => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', Host, Owner, Upstream.AbsoluteUri, SecureAddress, Certificate?.Thumbprint, Page?.ToString(), WebsocketPort, LargestBody, RefusedPaths) + (ApplicationHost is null ? null : $"\n{ApplicationHost}"))))[..32];

    /// <summary>How a route is marked as a tenant's.</summary>
    public static string OwnerOf(TenantDescriptor place) => string.Create(CultureInfo.InvariantCulture, $"tenant={place.TenantId} code={place.Code}");

    /// <summary>The host name, if it may be one.</summary>
    /// <exception cref="PermanentFailureException">It may not.</exception>
    public static string HostOf(TenantDescriptor place) =>
        place.Host.Length <= 253 && HostPattern().IsMatch(place.Host)
            ? place.Host
            : throw new PermanentFailureException($"'{place.Host}' is no host name that a proxy can be told: letters a-z, digits, hyphens and dots.");

    /// <summary>The tenant's route as the control plane wants it now.</summary>
    /// <exception cref="PermanentFailureException">The host name or the certificate is not usable.</exception>
    public static TenantRoute Of(TenantDescriptor place, ServerConnection server, TenantCertificate? certificate, RoutePage? page, RoutingOptions options)
    {
        var host = HostOf(place);
        return new TenantRoute
        {
            Host = host,
            Owner = OwnerOf(place),
            Upstream = server.Url,
            WebsocketPort = options.WebsocketPort,
            LargestBody = options.LargestBody,
            ApplicationHost = place.ApplicationHost is { } known ? HostOf(place with { Host = known }) : null,
            SecureAddress = Uri.TryCreate(place.BaseUrl, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps
                ? $"https://{address.Authority}"
                : null,
            Certificate = certificate is null ? null : RouteCertificate.Of(host, certificate),
            Page = page,
        };
    }

    [GeneratedRegex(@"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\z")]
    private static partial Regex HostPattern();
}

/// <summary>A certificate that fits its key and its host name; <see cref="object.ToString"/> leaves the key out.</summary>
internal sealed record RouteCertificate(string ChainPem, string PrivateKeyPem, string Thumbprint)
{
    /// <exception cref="PermanentFailureException">It cannot be presented for this host name.</exception>
    public static RouteCertificate Of(string host, TenantCertificate certificate)
    {
        try
        {
            using var own = X509Certificate2.CreateFromPem(certificate.ChainPem, certificate.PrivateKeyPem);
            return own.MatchesHostname(host)
                ? new RouteCertificate(certificate.ChainPem, certificate.PrivateKeyPem, Convert.ToHexStringLower(SHA256.HashData(own.RawData)))
                : throw new PermanentFailureException($"The certificate that is kept for '{host}' is for other host names.");
        }
        catch (Exception unusable) when (unusable is CryptographicException or ArgumentException)
        {
            // Its message could quote what it could not read.
            throw new PermanentFailureException($"The certificate that is kept for '{host}' cannot be used: it is damaged, or its key belongs to another.", unusable);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"certificate {Thumbprint}";
}
