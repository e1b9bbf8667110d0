using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Registrations;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Support;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Options;
using MimeKit;

namespace Bibind.Activities.Notices;

/// <summary>Hands letters to the mail server.</summary>
public sealed class MailSender(NoticeTemplates templates, RegistrationTokens registrations, SupportSecrets support, IEnumerable<IKeySource> sources, IOptions<NoticeOptions> options, TimeProvider time)
{
    private const int FirstPermanent = 500;

    // What these say is about our account, not about the letter: it is not given up for that.
    private static readonly SmtpStatusCode[] AboutUs = [(SmtpStatusCode)530, (SmtpStatusCode)534, (SmtpStatusCode)535, (SmtpStatusCode)538];

    private MailOptions Mail => options.Value.Mail;

    /// <summary>Sends a delivery once; never throws for what the other side does.</summary>
    public async Task<AttemptEnd> SendAsync(TakenDelivery delivery, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        if (!Mail.IsOn)
        {
            return new AttemptEnd(AttemptResults.Failed, "No mail server is set (Notices__Mail__Host).") { IsAway = true };
        }

        if (EmailAddress.Read(delivery.Recipient ?? string.Empty, out var problem) is not { } to)
        {
            return new AttemptEnd(AttemptResults.Refused, $"The recipient's address {problem}; correct it and send the notice again.");
        }

        string? link = null;
        if (delivery.Kind == NoticeKinds.RegistrationConfirm && (link = await FindLinkAsync(delivery, cancellationToken)) is null)
        {
            return new AttemptEnd(AttemptResults.Refused, "The registration is over: there is nothing to confirm any more.");
        }

        if (delivery.Kind == NoticeKinds.SupportRequested)
        {
            link = await FindSupportLinkAsync(delivery, cancellationToken);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Value.Limit);
        try
        {
            using var message = Write(delivery, to, link);
            return await SendAsync(message, to, limit.Token);
        }
        catch (SmtpCommandException answered)
        {
            return EndOf(answered);
        }
        catch (Exception failed) when (failed is AuthenticationException or KeyRefusedException or KeyUnavailableException or ServiceNotAuthenticatedException)
        {
            return Away($"The mail server does not let us in (Notices__Mail__User, __Password): {failed.Message}");
        }
        catch (Exception failed) when (failed is SslHandshakeException or NotSupportedException)
        {
            return Away($"The mail server cannot be spoken to safely (Notices__Mail__Security is {Mail.Security}): {FirstLineOf(failed.Message)}");
        }
        catch (Exception failed) when (failed is IOException or SocketException or ProtocolException)
        {
            return Away($"The mail server cannot be reached, or broke off: {failed.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Away("The mail server did not answer in time (Notices__Limit).");
        }
    }

    /// <summary>The letter as it is sent, but for its date the same at every attempt.</summary>
    /// <param name="delivery">What is to be told.</param>
    /// <param name="to">Whom.</param>
    /// <param name="link">A link that lets its reader in, and is written nowhere else; null if there is none.</param>
    internal MimeMessage Write(TakenDelivery delivery, EmailAddress to, string? link = null)
    {
        var values = JsonSerializer.Deserialize<Dictionary<string, string>>(delivery.Data)!;
        if (link is not null)
        {
            values["link"] = link;
        }

        values["kind"] = delivery.Kind;
        values["tenant"] = delivery.TenantCode ?? string.Empty;
        values["customer"] = delivery.Customer ?? string.Empty;
        values["customerName"] = delivery.RecipientName ?? string.Empty;
        values["sender"] = Mail.FromName;
        var letter = templates.Render(delivery.Kind, delivery.Language, values);
        var from = EmailAddress.Read(Mail.From!, out _)!;
        var message = new MimeMessage
        {
            // A mail server or a reader that gets it twice after a crash knows it by this.
            MessageId = $"{delivery.Uid:N}@{from.Text[(from.Text.LastIndexOf('@') + 1)..]}",
            Date = time.GetUtcNow(),
            Subject = letter.Subject,
            Body = new BodyBuilder { TextBody = letter.Text, HtmlBody = letter.Html }.ToMessageBody(),
        };
        message.From.Add(new MailboxAddress(NoticeTemplate.OneLine(Mail.FromName), from.Text));
        message.To.Add(new MailboxAddress(NoticeTemplate.OneLine(delivery.RecipientName ?? string.Empty), to.Text));
        if (!string.IsNullOrEmpty(Mail.ReplyTo))
        {
            message.ReplyTo.Add(new MailboxAddress(string.Empty, EmailAddress.Read(Mail.ReplyTo, out _)!.Text));
        }

        // Out-of-office replies stay away.
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        return message;
    }

    private async Task<AttemptEnd> SendAsync(MimeMessage message, EmailAddress to, CancellationToken cancellationToken)
    {
        using var client = new SmtpClient { CheckCertificateRevocation = false };
        if (!string.IsNullOrEmpty(Mail.TrustedRoots))
        {
            var roots = new X509Certificate2Collection();
            roots.ImportFromPemFile(Mail.TrustedRoots);
            client.ServerCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(roots, certificate, errors);
        }

        await client.ConnectAsync(
            Mail.Host!, Mail.Port,
            Mail.Security switch
            {
                MailOptions.Implicit => SecureSocketOptions.SslOnConnect,
                MailOptions.Plain => SecureSocketOptions.None,
                _ => SecureSocketOptions.StartTls,
            },
            cancellationToken);
        if (!string.IsNullOrEmpty(Mail.User))
        {
            await client.AuthenticateAsync(Mail.User, await PasswordAsync(cancellationToken), cancellationToken);
        }

        if (to.NeedsUtf8 && !client.Capabilities.HasFlag(SmtpCapabilities.UTF8))
        {
            return new AttemptEnd(AttemptResults.Refused, "The recipient's address is not ASCII before the @, which the mail server does not take (no SMTPUTF8).");
        }

        var format = FormatOptions.Default.Clone();
        format.International = to.NeedsUtf8;
        var answer = await client.SendAsync(format, message, cancellationToken);
        try
        {
            await client.DisconnectAsync(quit: true, cancellationToken);
        }
        catch (Exception late) when (late is IOException or SocketException or ProtocolException or SmtpCommandException or OperationCanceledException)
        {
            // It has the letter.
        }

        return new AttemptEnd(AttemptResults.Sent, $"The mail server took it: {FirstLineOf(answer)}");
    }

    private async Task<string?> FindLinkAsync(TakenDelivery delivery, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(delivery.Data)!.TryGetValue("registration", out var id)
            ? await registrations.FindLinkAsync(long.Parse(id, CultureInfo.InvariantCulture), delivery.Language, cancellationToken)
            : null;

    // Null where the settings have no page, and once nobody waits for the consent: the letter says how it is given without.
    private async Task<string?> FindSupportLinkAsync(TakenDelivery delivery, CancellationToken cancellationToken)
    {
        var data = JsonSerializer.Deserialize<Dictionary<string, string>>(delivery.Data)!;
        return long.TryParse(data.GetValueOrDefault("tenantId"), CultureInfo.InvariantCulture, out var tenant) && long.TryParse(data.GetValueOrDefault("access"), CultureInfo.InvariantCulture, out var access)
            ? await support.FindLinkAsync(tenant, access, delivery.Language, cancellationToken)
            : null;
    }

    private async Task<string> PasswordAsync(CancellationToken cancellationToken)
    {
        var password = Mail.Password!;
        var colon = password.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && sources.FirstOrDefault(s => s.Scheme == password[..colon]) is { } source
            ? await source.ReadAsync(password[(colon + 1)..], cancellationToken)
            : password;
    }

    private static bool IsTrusted(X509Certificate2Collection roots, X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        if (certificate is null || errors != SslPolicyErrors.RemoteCertificateChainErrors)
        {
            return false;
        }

        using var chain = new X509Chain();
        using var presented = new X509Certificate2(certificate);
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(presented);
    }

    private static AttemptEnd EndOf(SmtpCommandException answered)
    {
        var words = $"The mail server answered {(int)answered.StatusCode}: {FirstLineOf(answered.Message)}";
        var isAboutUs = answered.ErrorCode == SmtpErrorCode.SenderNotAccepted || AboutUs.Contains(answered.StatusCode);
        return (int)answered.StatusCode >= FirstPermanent && !isAboutUs
            ? new AttemptEnd(AttemptResults.Refused, words)
            : new AttemptEnd(AttemptResults.Failed, words);
    }

    private static AttemptEnd Away(string words) => new(AttemptResults.Failed, PlainText.Escape(words)) { IsAway = true };

    private static string FirstLineOf(string text) => PlainText.Escape(NoticeTemplate.OneLine(text.ReplaceLineEndings("\n").Split('\n')[0]));
}
