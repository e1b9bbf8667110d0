using System.Text.RegularExpressions;
using Bibind.Activities.Dns;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>Checks the settings of the chosen registrar; says which setting is wrong, never what a secret holds.</summary>
internal sealed partial class RegistrarOptionsValidation(IOptions<DnsOptions> dns) : IValidateOptions<RegistrarOptions>
{
    private static readonly string[] ContactTypes = ["PERSON", "COMPANY", "ASSOCIATION", "PUBLIC_BODY", "RESELLER"];

    public ValidateOptionsResult Validate(string? name, RegistrarOptions options)
    {
        var wrong = new List<string>();
        switch (options.Provider)
        {
            case RegistrarProviders.None:
                return ValidateOptionsResult.Success;
            case RegistrarProviders.Ovh:
                Require(wrong, "Dns__Ovh__ApplicationKey", dns.Value.Ovh.ApplicationKey);
                Require(wrong, "Dns__Ovh__ApplicationSecret", dns.Value.Ovh.ApplicationSecret);
                Require(wrong, "Dns__Ovh__ConsumerKey", dns.Value.Ovh.ConsumerKey);
                Match(wrong, Subsidiary(), "Domains__Registrar__Ovh__Subsidiary", options.Ovh.Subsidiary, "the letters of the OVH company that bills you, such as FR");
                Match(wrong, Contact(), "Domains__Registrar__Ovh__OwnerContact", options.Ovh.OwnerContact, "left out, or a contact of the account such as /me/contact/1234");
                break;
            case RegistrarProviders.Route53:
                Require(wrong, "Dns__Route53__AccessKeyId", dns.Value.Route53.AccessKeyId);
                Require(wrong, "Dns__Route53__SecretAccessKey", dns.Value.Route53.SecretAccessKey);
                CheckRoute53(wrong, options.Route53);
                break;
            default:
                return ValidateOptionsResult.Fail($"Domains__Registrar__Provider is '{options.Provider}': it must be none, ovh or route53.");
        }

        if (options.FirstLook < TimeSpan.FromMilliseconds(10) || options.FirstLook > TimeSpan.FromMinutes(15))
        {
            wrong.Add("Domains__Registrar__FirstLook must be at most 15 minutes, such as 00:00:30.");
        }

        if (options.WaitLimit < TimeSpan.FromSeconds(1) || options.WaitLimit > TimeSpan.FromDays(60))
        {
            wrong.Add("Domains__Registrar__WaitLimit must be from one second to 60 days, such as 7.00:00:00.");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    private static void CheckRoute53(List<string> wrong, Route53RegistrarSettings settings)
    {
        const string Prefix = "Domains__Registrar__Route53__Contact__";
        var contact = settings.Contact;
        if (!Uri.TryCreate(settings.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            wrong.Add($"Domains__Registrar__Route53__Url is '{settings.Url}': it must be an http or https address.");
        }

        if (!ContactTypes.Contains(contact.ContactType, StringComparer.Ordinal))
        {
            wrong.Add($"{Prefix}ContactType is '{contact.ContactType}': it must be one of {string.Join(", ", ContactTypes)}.");
        }

        Require(wrong, $"{Prefix}FirstName", contact.FirstName);
        Require(wrong, $"{Prefix}LastName", contact.LastName);
        Require(wrong, $"{Prefix}AddressLine1", contact.AddressLine1);
        Require(wrong, $"{Prefix}City", contact.City);
        Require(wrong, $"{Prefix}ZipCode", contact.ZipCode);
        Match(wrong, Country(), $"{Prefix}CountryCode", contact.CountryCode, "two capital letters, such as FR");
        Match(wrong, Phone(), $"{Prefix}PhoneNumber", contact.PhoneNumber, "+, the country's number, a dot and the rest, such as +33.123456789");
        Match(wrong, Mail(), $"{Prefix}Email", contact.Email, "an e-mail address");
        if (contact.ContactType != "PERSON")
        {
            Require(wrong, $"{Prefix}OrganizationName", contact.OrganizationName);
        }
    }

    private static void Require(List<string> wrong, string setting, string value)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            wrong.Add($"{setting} is not set; the registrar of Domains__Registrar__Provider needs it.");
        }
    }

    private static void Match(List<string> wrong, Regex form, string setting, string value, string right)
    {
        if (!form.IsMatch(value))
        {
            wrong.Add($"{setting} is '{value}': it must be {right}.");
        }
    }

    [GeneratedRegex(@"\A[A-Z]{2,5}\z")]
    private static partial Regex Subsidiary();

    [GeneratedRegex(@"\A(/me/contact/[0-9]{1,15})?\z")]
    private static partial Regex Contact();

    [GeneratedRegex(@"\A[A-Z]{2}\z")]
    private static partial Regex Country();

    [GeneratedRegex(@"\A\+[0-9]{1,3}\.[0-9]{4,15}\z")]
    private static partial Regex Phone();

    [GeneratedRegex(@"\A[^@\s]+@[^@\s]+\.[^@\s]+\z")]
    private static partial Regex Mail();
}
