using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing;

/// <summary>Says which setting is wrong.</summary>
internal sealed class RoutingOptionsValidation : IValidateOptions<RoutingOptions>
{
    public ValidateOptionsResult Validate(string? name, RoutingOptions options)
    {
        List<string> wrong = [];
        if (options.Provider is not (RoutingOptions.None or RoutingOptions.Caddy or RoutingOptions.Nginx))
        {
            wrong.Add("Routing__Provider must be none, caddy or nginx.");
        }

        if (!IsAddress(options.Http, Uri.UriSchemeHttp))
        {
            wrong.Add("Routing__Http must be an http address without a path, such as http://127.0.0.1.");
        }

        if (!IsAddress(options.Https, Uri.UriSchemeHttps))
        {
            wrong.Add("Routing__Https must be an https address without a path, such as https://127.0.0.1.");
        }

        if (options.VerifyLimit <= TimeSpan.Zero || options.VerifyLimit > TimeSpan.FromMinutes(1))
        {
            wrong.Add("Routing__VerifyLimit must be more than 0 and at most one minute, such as 00:00:10.");
        }

        if (options.WebsocketPort is <= 0 or > ushort.MaxValue)
        {
            wrong.Add("Routing__WebsocketPort must be a port, such as 8072; leave it out where the application takes websockets at its own.");
        }

        if (options.WatchInterval != TimeSpan.Zero && (options.WatchInterval < TimeSpan.FromSeconds(1) || options.WatchInterval > TimeSpan.FromHours(1)))
        {
            wrong.Add("Routing__WatchInterval must be from one second to one hour, such as 00:00:05, or 0 to leave lost routes to the sweep.");
        }

        if (options.LargestBody <= 0)
        {
            wrong.Add("Routing__LargestBody must be more than 0, in bytes, such as 268435456.");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }

    internal static bool IsAddress(Uri? address, params string[] schemes) =>
        address is { IsAbsoluteUri: true, AbsolutePath: "/" } && schemes.Contains(address.Scheme);
}
