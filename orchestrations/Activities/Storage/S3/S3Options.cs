using Microsoft.Extensions.Options;

namespace Bibind.Activities.Storage.S3;

/// <summary>Settings <c>Storage:S3:*</c>.</summary>
public sealed class S3Options
{
    public const string Section = "Storage:S3";

    /// <summary>Address of the server, such as <c>https://s3.example.com</c>; AWS itself unless given.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>The address that download links lead to, where people reach the server by another one than we do.</summary>
    public Uri? PublicEndpoint { get; set; }

    /// <summary>The region that requests are signed for; servers other than AWS mostly take any.</summary>
    public string Region { get; set; } = "us-east-1";

    /// <summary>Access key; without one the machine's own role is used, which only AWS gives.</summary>
    public string? AccessKey { get; set; }

    /// <summary>Secret key. Never logged.</summary>
    public string? SecretKey { get; set; }

    /// <summary>True puts the bucket into the path instead of the host name; AWS takes both, others mostly only this.</summary>
    public bool ForcePathStyle { get; set; } = true;

    /// <summary>True asks for versioning of new buckets; what was overwritten is then kept for 30 days.</summary>
    public bool Versioning { get; set; } = true;

    /// <summary><c>none</c>, or <c>rgw</c>: every tenant has a user of its own at Ceph's object gateway, with a quota.</summary>
    public string TenantUsers { get; set; } = NoUsers;

    public const string NoUsers = "none";
    public const string RgwUsers = "rgw";

    /// <summary>For messages and logs.</summary>
    internal string Where => Endpoint?.Authority ?? $"AWS in {Region}";
}

/// <summary>Says which setting is wrong, never a key; where another store is used, nothing is.</summary>
internal sealed class S3OptionsValidation(bool isUsed) : IValidateOptions<S3Options>
{
    public ValidateOptionsResult Validate(string? name, S3Options options)
    {
        if (!isUsed)
        {
            return ValidateOptionsResult.Skip;
        }

        List<string> wrong = [];
        Check(options.Endpoint is null || IsAddress(options.Endpoint), "Storage__S3__Endpoint must be an http or https address without a path, such as https://s3.example.com, or left out for AWS.");
        Check(options.PublicEndpoint is null || IsAddress(options.PublicEndpoint), "Storage__S3__PublicEndpoint must be an http or https address without a path, or left out.");
        Check(!string.IsNullOrWhiteSpace(options.Region), "Storage__S3__Region must not be empty, such as us-east-1.");
        Check(
            string.IsNullOrEmpty(options.AccessKey) == string.IsNullOrEmpty(options.SecretKey),
            "Storage__S3__AccessKey and Storage__S3__SecretKey must be set both, or neither for the machine's own role at AWS.");
        Check(
            options.Endpoint is null || !string.IsNullOrEmpty(options.AccessKey),
            "Storage__S3__AccessKey and Storage__S3__SecretKey must be set where Storage__S3__Endpoint is.");
        Check(options.TenantUsers is S3Options.NoUsers or S3Options.RgwUsers, "Storage__S3__TenantUsers must be none or rgw.");
        Check(
            options.TenantUsers != S3Options.RgwUsers || options.Endpoint is not null,
            "Storage__S3__TenantUsers is rgw: Storage__S3__Endpoint must be the address of Ceph's object gateway.");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Check(bool right, string message)
        {
            if (!right)
            {
                wrong.Add(message);
            }
        }
    }

    private static bool IsAddress(Uri address) =>
        address.IsAbsoluteUri && (address.Scheme == Uri.UriSchemeHttps || address.Scheme == Uri.UriSchemeHttp) && address.AbsolutePath == "/";
}
