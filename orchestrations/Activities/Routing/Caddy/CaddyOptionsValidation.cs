using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Caddy;

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
