using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Tenants;

/// <summary>The platform's own names; section <c>Platform</c>.</summary>
public sealed class PlatformOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Platform";

    /// <summary>Tenants are reached as <c>{code}.{Domain}</c>.</summary>
    public string Domain { get; set; } = string.Empty;

    /// <summary><c>https</c> or <c>http</c>.</summary>
    public string Scheme { get; set; } = "https";

    /// <summary>Buckets are named <c>{BucketPrefix}{code}-{tenant id}</c>.</summary>
    public string BucketPrefix { get; set; } = "bibind-";
}

/// <summary>Checks the names.</summary>
internal sealed partial class PlatformOptionsValidation : IValidateOptions<PlatformOptions>
{
    // A label of 31 characters and a dot come before the domain, and 253 is what DNS allows.
    private const int LongestDomain = 253 - 32;

    public ValidateOptionsResult Validate(string? name, PlatformOptions options)
    {
        var problems = new List<string>();
        if (options.Domain.Length > LongestDomain || !DnsName().IsMatch(options.Domain))
        {
            problems.Add($"Platform__Domain is '{options.Domain}': it must be a lower-case domain name such as apps.example.com.");
        }

        if (options.Scheme is not ("https" or "http"))
        {
            problems.Add($"Platform__Scheme is '{options.Scheme}': it must be https or http.");
        }

        // 63 in all: 31 of the code, a dash, up to 19 digits.
        if (!Prefix().IsMatch(options.BucketPrefix))
        {
            problems.Add($"Platform__BucketPrefix is '{options.BucketPrefix}': it must be up to 12 lower-case letters, digits or '-', a letter first.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    [GeneratedRegex(@"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\z")]
    private static partial Regex DnsName();

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,11}\z")]
    private static partial Regex Prefix();
}
