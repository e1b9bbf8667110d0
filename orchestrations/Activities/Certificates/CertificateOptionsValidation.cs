using Bibind.Activities.Dns;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Certificates;

/// <summary>Checks the settings of the chosen provider, with those of DNS that it leans on.</summary>
internal sealed class CertificateOptionsValidation(IOptions<DnsOptions> dns) : IValidateOptions<CertificateOptions>
{
    public ValidateOptionsResult Validate(string? name, CertificateOptions options)
    {
        if (options.Provider is CertificateProviders.None or CertificateProviders.Local)
        {
            return ValidateOptionsResult.Success;
        }

        if (options.Provider is not (CertificateProviders.Acme or CertificateProviders.Wildcard))
        {
            return ValidateOptionsResult.Fail($"Certificates__Provider is '{options.Provider}': it must be none, local, acme or wildcard.");
        }

        var problems = new List<string>();
        if (options.Challenge is not (ChallengeTypes.Http or ChallengeTypes.Dns))
        {
            problems.Add($"Certificates__Challenge is '{options.Challenge}': it must be http-01 or dns-01.");
        }

        if ((options.Provider == CertificateProviders.Wildcard || options.Challenge == ChallengeTypes.Dns) && NoDnsProvider())
        {
            problems.Add("Certificates__Provider wildcard and Certificates__Challenge dns-01 need a Dns__Provider other than none.");
        }

        if (options.Provider == CertificateProviders.Wildcard && options.PlatformDomain.Length == 0)
        {
            problems.Add("Certificates__Provider is wildcard, and Platform__Domain is not set.");
        }

        if (options.PerWeek < 1)
        {
            problems.Add("Certificates__PerWeek must be at least 1.");
        }

        if (options.FailuresPerHour < 1)
        {
            problems.Add("Certificates__FailuresPerHour must be at least 1.");
        }

        CheckAcme(options.Acme, problems);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckAcme(AcmeSettings acme, List<string> problems)
    {
        if (!Uri.TryCreate(acme.Directory, UriKind.Absolute, out var directory) || directory.Scheme != Uri.UriSchemeHttps)
        {
            problems.Add($"Certificates__Acme__Directory is '{acme.Directory}': it must be an https address.");
        }

        if (!acme.AcceptTerms)
        {
            problems.Add("Certificates__Acme__AcceptTerms must be true: read the authority's terms of service first.");
        }

        if (acme.Contact.Length > 0 && !System.Net.Mail.MailAddress.TryCreate(acme.Contact, out _))
        {
            problems.Add("Certificates__Acme__Contact must be an e-mail address, or left out.");
        }

        if (acme.EabKeyId.Length > 0 != acme.EabKey.Length > 0)
        {
            problems.Add("Certificates__Acme__EabKeyId and Certificates__Acme__EabKey must be set together.");
        }
        else if (acme.EabKey.Length > 0 && !System.Buffers.Text.Base64Url.IsValid(acme.EabKey))
        {
            problems.Add("Certificates__Acme__EabKey must be base64url.");
        }

        if (acme.TrustedRoots.Length > 0 && !File.Exists(acme.TrustedRoots))
        {
            problems.Add($"Certificates__Acme__TrustedRoots names the file '{acme.TrustedRoots}', which is not there.");
        }

        if (acme.OrderLimit <= TimeSpan.Zero || acme.OrderLimit > TimeSpan.FromMinutes(10))
        {
            problems.Add("Certificates__Acme__OrderLimit must be more than 0 and at most 10 minutes, such as 00:01:30.");
        }

        if (acme.CallLimit <= TimeSpan.Zero || acme.CallLimit > TimeSpan.FromMinutes(2))
        {
            problems.Add("Certificates__Acme__CallLimit must be more than 0 and at most 2 minutes, such as 00:00:15.");
        }

        if (acme.Patience < TimeSpan.Zero || acme.Patience > TimeSpan.FromMinutes(1))
        {
            problems.Add("Certificates__Acme__Patience must be 0 to one minute, such as 00:00:05.");
        }
    }

    // What is wrong with the settings of DNS itself is said where they are checked.
    private bool NoDnsProvider()
    {
        try
        {
            return dns.Value.Provider == DnsProviders.None;
        }
        catch (OptionsValidationException)
        {
            return false;
        }
    }
}
