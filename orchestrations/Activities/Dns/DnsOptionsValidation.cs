using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns;

/// <summary>Checks the settings of the chosen provider; says which setting is wrong, never what a secret holds.</summary>
internal sealed partial class DnsOptionsValidation : IValidateOptions<DnsOptions>
{
    public ValidateOptionsResult Validate(string? name, DnsOptions options)
    {
        var problems = new List<string>();
        switch (options.Provider)
        {
            case DnsProviders.None:
                return ValidateOptionsResult.Success;
            case DnsProviders.PowerDns:
                CheckUrl("Dns__PowerDns__Url", options.PowerDns.Url, problems);
                CheckSet("Dns__PowerDns__ApiKey", options.PowerDns.ApiKey, problems);
                break;
            case DnsProviders.Ovh:
                CheckUrl("Dns__Ovh__Url", options.Ovh.Url, problems);
                CheckSet("Dns__Ovh__ApplicationKey", options.Ovh.ApplicationKey, problems);
                CheckSet("Dns__Ovh__ApplicationSecret", options.Ovh.ApplicationSecret, problems);
                CheckSet("Dns__Ovh__ConsumerKey", options.Ovh.ConsumerKey, problems);
                break;
            case DnsProviders.Route53:
                CheckUrl("Dns__Route53__Url", options.Route53.Url, problems);
                CheckSet("Dns__Route53__AccessKeyId", options.Route53.AccessKeyId, problems);
                CheckSet("Dns__Route53__SecretAccessKey", options.Route53.SecretAccessKey, problems);
                break;
            default:
                return ValidateOptionsResult.Fail($"Dns__Provider is '{options.Provider}': it must be none, powerdns, ovh or route53.");
        }

        CheckRecords(options, problems);
        CheckLimits(options, problems);
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static void CheckRecords(DnsOptions options, List<string> problems)
    {
        if (!DnsName().IsMatch(options.Zone))
        {
            problems.Add($"Dns__Zone is '{options.Zone}': it must be a lower-case domain name such as example.com (Platform__Domain unless given).");
        }

        if (options.Target.Length > 0 && DnsTarget.TryParse(options.Target) is null)
        {
            problems.Add($"Dns__Target is '{options.Target}': it must be IP addresses separated by commas, or one host name.");
        }

        if (options.Ttl is < 60 or > 86400)
        {
            problems.Add($"Dns__Ttl is {options.Ttl}: it must be 60 to 86400 seconds.");
        }

        if (!Owner().IsMatch(options.Owner))
        {
            problems.Add($"Dns__Owner is '{options.Owner}': it must be 1 to 40 of a-z, 0-9, '.', '_' and '-'.");
        }

        foreach (var server in options.Authoritative.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!IPEndPoint.TryParse(server, out _))
            {
                problems.Add($"Dns__Authoritative has '{server}': each must be an IP address, or address:port.");
            }
        }
    }

    private static void CheckLimits(DnsOptions options, List<string> problems)
    {
        if (options.VerifyLimit <= TimeSpan.Zero || options.VerifyLimit > TimeSpan.FromMinutes(10))
        {
            problems.Add("Dns__VerifyLimit must be more than 0 and at most 10 minutes, such as 00:00:20.");
        }

        if (options.CallLimit <= TimeSpan.Zero || options.CallLimit > TimeSpan.FromMinutes(2))
        {
            problems.Add("Dns__CallLimit must be more than 0 and at most 2 minutes, such as 00:00:10.");
        }

        if (options.Patience < TimeSpan.Zero || options.Patience > TimeSpan.FromMinutes(1))
        {
            problems.Add("Dns__Patience must be 0 to one minute, such as 00:00:05.");
        }
    }

    private static void CheckUrl(string setting, string value, List<string> problems)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            problems.Add($"{setting} is '{value}': it must be an http or https address.");
        }
    }

    private static void CheckSet(string setting, string value, List<string> problems)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            problems.Add($"{setting} is not set.");
        }
    }

    [GeneratedRegex(@"\A(?=.{1,253}\z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\z")]
    private static partial Regex DnsName();

    [GeneratedRegex(@"\A[a-z0-9._-]{1,40}\z")]
    private static partial Regex Owner();
}
