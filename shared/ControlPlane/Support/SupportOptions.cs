using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Support;

/// <summary>Settings <c>Support:*</c>: how operators enter tenants' applications; all hosts of an installation have the same.</summary>
public sealed class SupportOptions
{
    public const string Section = "Support";

    /// <summary>No access is shorter, in minutes.</summary>
    public const int ShortestMinutes = 5;

    /// <summary>How long an access lasts unless the request says, in minutes; 5 to <see cref="LongestMinutes"/>.</summary>
    public int DefaultMinutes { get; set; } = 60;

    /// <summary>How long one may last, in minutes; 5 to 10080.</summary>
    public int LongestMinutes { get; set; } = 480;

    /// <summary>How long the customer may consent; five minutes to 30 days.</summary>
    public TimeSpan ConsentWithin { get; set; } = TimeSpan.FromDays(3);

    /// <summary>The page that the letter leads to; the token is added as its query. Null: the letter has no link, and customers consent by their own tokens.</summary>
    public string? ConsentUrl { get; set; }
}

/// <summary>Says everything that is wrong with the settings of support accesses.</summary>
internal sealed class SupportOptionsValidation : IValidateOptions<SupportOptions>
{
    public ValidateOptionsResult Validate(string? name, SupportOptions options)
    {
        List<string> problems = [];
        Check(options.LongestMinutes is >= SupportOptions.ShortestMinutes and <= 10_080, "Support__LongestMinutes must be 5 to 10080.");
        Check(options.DefaultMinutes >= SupportOptions.ShortestMinutes && options.DefaultMinutes <= options.LongestMinutes, "Support__DefaultMinutes must be 5 to Support__LongestMinutes.");
        Check(options.ConsentWithin >= TimeSpan.FromMinutes(5) && options.ConsentWithin <= TimeSpan.FromDays(30), "Support__ConsentWithin must be five minutes to 30 days, such as 3.00:00:00.");
        Check(
            string.IsNullOrEmpty(options.ConsentUrl)
                || (Uri.TryCreate(options.ConsentUrl, UriKind.Absolute, out var page) && (page.Scheme is "http" or "https") && page.UserInfo.Length == 0 && page.Query.Length == 0 && page.Fragment.Length == 0),
            "Support__ConsentUrl must be the address of the page that the letter leads to, without a query, such as https://api.example.com/support-access/consent.");
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
