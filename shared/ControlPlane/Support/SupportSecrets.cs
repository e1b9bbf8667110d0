using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Tokens;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Support;

/// <summary>
/// The secrets of accesses, all of which go when one ends: the account's password, and the token of the letter that asks for the consent. The row has the
/// token's hash; the token itself is kept so that a letter which a mail server took late can still be written.
/// </summary>
public sealed partial class SupportSecrets(ISecretStore secrets, IOptions<SupportOptions> options)
{
    /// <summary>The last segment of the password's name.</summary>
    public const string PasswordName = "password";

    private const int TokenBytes = 32;

    /// <summary>What every name of an access's secrets begins with.</summary>
    public static string Prefix(long tenantId, long accessId) => string.Create(CultureInfo.InvariantCulture, $"tenants/{tenantId}/support-{accessId}");

    /// <summary>Makes the account's password; again it answers the first.</summary>
    public Task<string> PasswordAsync(long tenantId, long accessId, Func<string> make, CancellationToken cancellationToken) =>
        secrets.GetOrSetAsync($"{Prefix(tenantId, accessId)}/{PasswordName}", make, cancellationToken);

    /// <summary>Makes the password as the application stores it; again it answers the first.</summary>
    public Task<string> HashAsync(long tenantId, long accessId, Func<string> make, CancellationToken cancellationToken) =>
        secrets.GetOrSetAsync(HashName(tenantId, accessId), make, cancellationToken);

    /// <summary>The account's password; null if there is none.</summary>
    public Task<string?> FindPasswordAsync(long tenantId, long accessId, CancellationToken cancellationToken) =>
        secrets.FindAsync($"{Prefix(tenantId, accessId)}/{PasswordName}", cancellationToken);

    /// <summary>The password as the application was given it; null if there is none.</summary>
    public Task<string?> FindHashAsync(long tenantId, long accessId, CancellationToken cancellationToken) =>
        secrets.FindAsync(HashName(tenantId, accessId), cancellationToken);

    /// <summary>Makes the token of a letter; answers its hash.</summary>
    public async Task<string> MakeTokenAsync(long tenantId, long accessId, CancellationToken cancellationToken) => TokenHash.Of(await secrets.GetOrSetAsync(
        TokenName(tenantId, accessId), () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes)), cancellationToken));

    /// <summary>The hash that a token is found by; null if no token looks so.</summary>
    public static string? HashOf(string? token) => token is not null && Form().IsMatch(token) ? TokenHash.Of(token) : null;

    /// <summary>The link of the letter; null once the access does not wait any more, or where the settings have no page.</summary>
    public async Task<string?> FindLinkAsync(long tenantId, long accessId, string? language, CancellationToken cancellationToken) =>
        !string.IsNullOrEmpty(options.Value.ConsentUrl) && await secrets.FindAsync(TokenName(tenantId, accessId), cancellationToken) is { } token
            ? $"{options.Value.ConsentUrl}?token={token}&lang={WebUtility.UrlEncode((language ?? "en").Split('_')[0])}"
            : null;

    /// <summary>Forgets the token of a letter.</summary>
    public Task ForgetTokenAsync(long tenantId, long accessId, CancellationToken cancellationToken) => secrets.DeleteAsync(TokenName(tenantId, accessId), cancellationToken);

    /// <summary>Forgets everything of an access.</summary>
    public Task ForgetAsync(long tenantId, long accessId, CancellationToken cancellationToken) => secrets.DeleteAsync(Prefix(tenantId, accessId), cancellationToken);

    private static string TokenName(long tenantId, long accessId) => $"{Prefix(tenantId, accessId)}/token";

    private static string HashName(long tenantId, long accessId) => $"{Prefix(tenantId, accessId)}/hash";

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{43}\z")]
    private static partial Regex Form();
}
