using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Nginx;

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
