using System.CommandLine;
using Bibind.Activities;
using Bibind.Activities.Certificates;
using Bibind.Durable;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Functions.Commands;

/// <summary>
/// <c>Bibind.Functions keys rotate-acme-account</c> and <c>keys replace-certificate</c>: other keys for our account at the certificate authority
/// and for a certificate. They do what a host would do, by a host that is not started.
/// </summary>
internal static class AuthorityKeysCommand
{
    private const string Settings = "Cut short, it is run again. The settings are the host's, all of them.";

    public static Command DefineAccount(Func<WebApplication> build)
    {
        var command = new Command("rotate-acme-account", $"Gives our account at the certificate authority another key, while hosts run. {Settings}");
        command.SetAction((line, token) => RunAsync(build, line.InvocationConfiguration, async services =>
        {
            var provider = services.GetRequiredService<IOptions<CertificateOptions>>().Value.Provider;
            if (provider is not (CertificateProviders.Acme or CertificateProviders.Wildcard))
            {
                throw new PermanentFailureException($"Certificates__Provider is {provider}: there is no account at a certificate authority.");
            }

            var account = services.GetRequiredService<ICertificateAccount>();
            return await account.ChangeKeyAsync(token) switch
            {
                AccountKeyChange.Changed => $"The account at {account.Authority} has another key now; the former one opens nothing.",
                AccountKeyChange.Finished => $"A change that was cut short is finished: the account at {account.Authority} has the key that was made then. Run this again for another one.",
                _ => $"There is no account at {account.Authority} yet; the first order makes one, with a new key.",
            };
        }));
        return command;
    }

    public static Command DefineCertificate(Func<WebApplication> build)
    {
        var host = new Argument<string>("HOST") { Description = "The name in the certificate, such as acme.apps.example.com or *.apps.example.com." };
        var command = new Command(
            "replace-certificate", $"Replaces the certificate of a host by one with another key, and revokes the former one: somebody may have its key. {Settings}")
        {
            host,
        };
        command.SetAction((line, token) => RunAsync(build, line.InvocationConfiguration, async services =>
            await services.GetRequiredService<ICertificateRenewals>().ReplaceAsync(line.GetValue(host)!, token) > 0
                ? "The certificate has another key, and the former one is revoked. The proxies have it within the hour."
                : throw new PermanentFailureException("We hold no certificate of this name; write it as it stands in the certificate.")));
        return command;
    }

    private static async Task<int> RunAsync(Func<WebApplication> build, InvocationConfiguration console, Func<IServiceProvider, Task<string>> workAsync)
    {
        await using var host = build();
        try
        {
            await console.Output.WriteLineAsync(await workAsync(host.Services));
            return 0;
        }
        catch (Exception refused) when (refused is PermanentFailureException or TransientFailureException or NpgsqlException)
        {
            await console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
    }
}
