using System.Text.RegularExpressions;
using Bibind.Activities.Routing.Caddy;
using Bibind.Activities.Routing.Nginx;
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

/// <summary>Says which setting is wrong.</summary>
internal sealed class CaddyOptionsValidation : IValidateOptions<CaddyOptions>
{
    public ValidateOptionsResult Validate(string? name, CaddyOptions options)
    {
        List<string> wrong = [];
        if (!RoutingOptionsValidation.IsAddress(options.Admin, Uri.UriSchemeHttp, Uri.UriSchemeHttps))
        {
            wrong.Add("Routing__Caddy__Admin must be an http or https address without a path, such as http://127.0.0.1:2019.");
        }

        if (string.IsNullOrWhiteSpace(options.Server))
        {
            wrong.Add("Routing__Caddy__Server must name the HTTP server in Caddy's configuration that gets the routes.");
        }

        if (options.Timeout <= TimeSpan.Zero || options.Timeout > TimeSpan.FromMinutes(5))
        {
            wrong.Add("Routing__Caddy__Timeout must be more than 0 and at most five minutes, such as 00:00:15.");
        }

        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);
    }
}

/// <summary>Says which setting is wrong.</summary>
internal sealed partial class NginxOptionsValidation : IValidateOptions<NginxOptions>
{
    public ValidateOptionsResult Validate(string? name, NginxOptions options)
    {
        List<string> wrong = [];

        // They are written into nginx's configuration, where a blank or a semicolon would end them.
        Check(PathPattern().IsMatch(options.Folder), "Routing__Nginx__Folder must name a folder, without blanks, quotes or semicolons.");
        Check(!string.IsNullOrWhiteSpace(options.Program), "Routing__Nginx__Program must name a program.");
        Check(!string.IsNullOrWhiteSpace(options.Configuration), "Routing__Nginx__Configuration must name nginx's main configuration file.");
        Check(ListenPattern().IsMatch(options.HttpListen), "Routing__Nginx__HttpListen must be a port, or an address with one, such as 80 or 127.0.0.1:8080.");
        Check(ListenPattern().IsMatch(options.HttpsListen), "Routing__Nginx__HttpsListen must be a port, or an address with one, such as 443 or 127.0.0.1:8443.");
        return wrong.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(wrong);

        void Check(bool right, string message)
        {
            if (!right)
            {
                wrong.Add(message);
            }
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_./-]+\z")]
    private static partial Regex PathPattern();

    [GeneratedRegex(@"^([A-Za-z0-9.-]+:|\[[0-9a-fA-F:]+\]:|\*:)?[0-9]{1,5}\z")]
    private static partial Regex ListenPattern();
}
