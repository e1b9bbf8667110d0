using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Tokens;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Registrations;

/// <summary>
/// The tokens of letters. The row has a hash; the token itself is an encrypted secret until the registration is over, so that a letter which
/// a mail server took late, or lost, can still be written.
/// </summary>
public sealed partial class RegistrationTokens(ISecretStore secrets, IOptions<RegistrationOptions> options)
{
    private const int Bytes = 32;
    private const string PepperName = "registrations/pepper";
    private static readonly string[] WithoutDots = ["gmail.com", "googlemail.com"];

    /// <summary>Makes the token of a registration; answers its hash.</summary>
    public async Task<string> MakeAsync(long id, CancellationToken cancellationToken)
    {
        var token = await secrets.GetOrSetAsync(NameOf(id), () => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes)), cancellationToken);
        return TokenHash.Of(token);
    }

    /// <summary>The hash that a token is found by; null if no token looks so.</summary>
    public static string? HashOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return Form().IsMatch(token) ? TokenHash.Of(token) : null;
    }

    /// <summary>The link of a registration's letter; null once it is over.</summary>
    public async Task<string?> FindLinkAsync(long id, string? language, CancellationToken cancellationToken) =>
        await secrets.FindAsync(NameOf(id), cancellationToken) is { } token
            ? $"{options.Value.ConfirmUrl}?token={token}&lang={WebUtility.UrlEncode((language ?? "en").Split('_')[0])}"
            : null;

    /// <summary>Forgets a token; nothing happens if it is forgotten already.</summary>
    public Task ForgetAsync(long id, CancellationToken cancellationToken) => secrets.DeleteAsync(NameOf(id), cancellationToken);

    /// <summary>What an e-mail address is recognised by, however it is spelt; nobody who has the control database alone can guess addresses from it.</summary>
    public async Task<string> HashOfAsync(EmailAddress email, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(email);
        var pepper = await secrets.GetOrSetAsync(PepperName, () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)), cancellationToken);
        return Convert.ToHexStringLower(HMACSHA256.HashData(Convert.FromHexString(pepper), Encoding.UTF8.GetBytes(KeyOf(email.Text))));
    }

    /// <summary>One person's spellings of one mailbox are one: case, what follows a plus, and dots where the provider ignores them.</summary>
    internal static string KeyOf(string email)
    {
        var at = email.LastIndexOf('@');
        var (local, domain) = (email[..at].Normalize(NormalizationForm.FormKC).ToLowerInvariant(), email[(at + 1)..].ToLowerInvariant());
        var plus = local.IndexOf('+', StringComparison.Ordinal);
        local = plus > 0 ? local[..plus] : local;
        return WithoutDots.Contains(domain) ? $"{local.Replace(".", string.Empty, StringComparison.Ordinal)}@{WithoutDots[0]}" : $"{local}@{domain}";
    }

    private static string NameOf(long id) => string.Create(CultureInfo.InvariantCulture, $"registrations/{id}/token");

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{43}\z")]
    private static partial Regex Form();
}
