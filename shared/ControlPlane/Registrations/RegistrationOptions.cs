using System.Net;
using Bibind.ControlPlane.Notices;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Registrations;

/// <summary>Settings <c>Registration:*</c>: whether people may register for a trial themselves, and how often.</summary>
public sealed class RegistrationOptions
{
    public const string Section = "Registration";

    /// <summary>True opens the door.</summary>
    public bool Enabled { get; set; }

    /// <summary>Codes of the offers that can be chosen, separated by commas; the first is taken where none is. Their default plans must have trial days.</summary>
    public string? Offers { get; set; }

    /// <summary>The page that the letter leads to; the token is added as its query.</summary>
    public string? ConfirmUrl { get; set; }

    /// <summary>How long the letter's link can be followed, and the name is held.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Registrations an hour from one address.</summary>
    public int PerAddress { get; set; } = 5;

    /// <summary>Registrations an hour from one network: /24 of IPv4, /48 of IPv6.</summary>
    public int PerNetwork { get; set; } = 20;

    /// <summary>Registrations an hour altogether.</summary>
    public int PerHour { get; set; } = 200;

    /// <summary>Letters a day to one e-mail address.</summary>
    public int PerEmail { get; set; } = 3;

    /// <summary>How long after a trial the same e-mail address gets no other.</summary>
    public TimeSpan TrialAgain { get; set; } = TimeSpan.FromDays(365);

    /// <summary>How long names and addresses of a registration that is over are kept.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long an order that cannot be met for the moment is tried.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromDays(3);

    /// <summary>Networks of proxies whose <c>X-Forwarded-For</c> is believed, separated by commas; null: nobody's is.</summary>
    public string? TrustedProxies { get; set; }

    /// <summary>The offers that can be chosen.</summary>
    public IReadOnlyList<string> OfferCodes() => Split(Offers);

    /// <summary>The proxies that are believed.</summary>
    public IReadOnlyList<IPNetwork> Proxies() => [.. Split(TrustedProxies).Select(Parse).OfType<IPNetwork>()];

    internal IEnumerable<string> WrongProxies() => Split(TrustedProxies).Where(p => Parse(p) is null);

    private static string[] Split(string? list) => (list ?? string.Empty).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static IPNetwork? Parse(string text) =>
        IPNetwork.TryParse(text, out var network) ? network
        : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, 8 * address.GetAddressBytes().Length)
        : null;
}

/// <summary>Says everything that is wrong with the settings of registrations.</summary>
internal sealed class RegistrationOptionsValidation(IOptions<NoticeOptions> notices) : IValidateOptions<RegistrationOptions>
{
    public ValidateOptionsResult Validate(string? name, RegistrationOptions options)
    {
        List<string> problems = [];
        Check(options.Lifetime >= TimeSpan.FromMinutes(5) && options.Lifetime <= TimeSpan.FromDays(7), "Registration__Lifetime must be five minutes to 7 days, such as 1.00:00:00.");
        Check(options.PerAddress is >= 1 and <= 10_000, "Registration__PerAddress must be 1 to 10000.");
        Check(options.PerNetwork is >= 1 and <= 100_000, "Registration__PerNetwork must be 1 to 100000.");
        Check(options.PerHour is >= 1 and <= 1_000_000, "Registration__PerHour must be 1 to 1000000.");
        Check(options.PerEmail is >= 1 and <= 100, "Registration__PerEmail must be 1 to 100.");
        Check(options.TrialAgain >= TimeSpan.Zero && options.TrialAgain <= TimeSpan.FromDays(3650), "Registration__TrialAgain must be 0 to 3650 days, such as 365.00:00:00.");
        Check(options.KeepFor >= TimeSpan.FromDays(1) && options.KeepFor <= TimeSpan.FromDays(365), "Registration__KeepFor must be one day to 365 days, such as 7.00:00:00.");
        Check(options.GiveUpAfter >= TimeSpan.FromHours(1) && options.GiveUpAfter <= TimeSpan.FromDays(30), "Registration__GiveUpAfter must be one hour to 30 days, such as 3.00:00:00.");
        problems.AddRange(options.WrongProxies().Select(p => $"Registration__TrustedProxies holds '{p}', which is no network such as 10.0.0.0/8 or 2001:db8::/32."));
        if (options.Enabled)
        {
            Check(options.OfferCodes().Count > 0, "Registration__Offers must name the offers that people may register for.");
            Check(
                Uri.TryCreate(options.ConfirmUrl, UriKind.Absolute, out var page) && page.Scheme is "http" or "https" && page.UserInfo.Length == 0 && page.Query.Length == 0 && page.Fragment.Length == 0,
                "Registration__ConfirmUrl must be the address of the page that the letter leads to, without a query, such as https://api.example.com/registrations/confirm.");
            Check(notices.Value.Mail.IsOn, "Registration__Enabled needs a mail server (Notices__Mail__Host): addresses are proven by letter.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);

        void Check(bool isRight, string otherwise)
        {
            if (!isRight)
            {
                problems.Add(otherwise);
            }
        }
    }
}
