using System.Net;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains;

/// <summary>Settings <c>Domains:*</c>: customers' own host names.</summary>
public sealed class DomainOptions
{
    public const string Section = "Domains";

    /// <summary>DNS servers that resolve any name, as <c>address</c> or <c>address:port</c> separated by commas; the system's unless given.</summary>
    public string Resolvers { get; set; } = string.Empty;

    /// <summary>How long a customer has to set the records.</summary>
    public TimeSpan WaitLimit { get; set; } = TimeSpan.FromDays(7);
}

/// <summary>Says which setting is wrong.</summary>
internal sealed class DomainOptionsValidation : IValidateOptions<DomainOptions>
{
    public ValidateOptionsResult Validate(string? name, DomainOptions options)
    {
        List<string> wrong = [];
        if (options.Resolvers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Any(r => !IPEndPoint.TryParse(r, out _)))
        {
            wrong.Add("Domains__Resolvers must be addresses of DNS servers separated by commas, such as 9.9.9.9 or 127.0.0.1:5353.");
        }

        if (options.WaitLimit < TimeSpan.FromSeconds(1) || options.WaitLimit > TimeSpan.FromDays(60))
        {
            wrong.Add("Domains__WaitLimit must be from one second to 60 days, such as 7.00:00:00.");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}
