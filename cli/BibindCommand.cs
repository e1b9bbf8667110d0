using System.CommandLine;
using Bibind.Cli.Commands;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli;

/// <summary>The command line: what is wrong with it ends with 2, what the API says ends as <see cref="ExitCodes"/> says.</summary>
internal static class BibindCommand
{
    private const string Description = """
        Orders, shows and steers what Bibind.Functions runs.

        Exit codes: 0 done, 1 the job failed, 2 the command line is wrong, 3 refused, 4 not found, 5 not reachable,
        130 interrupted (a job goes on).
        """;

    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors)
    {
        // A value that begins with @ is a value, not a file of arguments.
        var line = Define().Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var isWrong = line.Errors.Count > 0;
        var configuration = new InvocationConfiguration { Output = isWrong ? errors : output, Error = errors, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        var writer = new ResultWriter(output, errors, isWrong ? OutputFormat.Table : line.GetValue(Globals.Format));
        using var interruption = new Interruption();
        try
        {
            var code = await line.InvokeAsync(configuration, interruption.Token);
            return isWrong ? ExitCodes.Usage : code;
        }
        catch (CommandException failed)
        {
            await writer.SayAsync(failed.Message);
            return failed.ExitCode;
        }
        catch (ApiException refused)
        {
            return await Refusals.SayAsync(refused, writer);
        }
        catch (HttpRequestException unreachable)
        {
            await writer.SayAsync($"The API does not answer: {unreachable.Message}");
            return ExitCodes.NotReachable;
        }
        catch (OperationCanceledException late) when (late.InnerException is TimeoutException)
        {
            await writer.SayAsync("The API does not answer in time.");
            return ExitCodes.NotReachable;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
    }

    private static RootCommand Define() => new(Description)
    {
        Globals.Profile,
        Globals.Url,
        Globals.Format,
        LoginCommand.Define(),
        LoginCommand.DefineLogout(),
        AlertsCommand.Define(),
        TenantsCommand.Define(),
        SupportCommand.Define(),
        DomainsCommand.Define(),
        BackupsCommand.Define(),
        JobsCommand.Define(),
        ServersCommand.Define(),
        TemplatesCommand.Define(),
        RolloutsCommand.Define(),
        BillingCommand.Define(),
        DeliveriesCommand.Define(),
        CustomersCommand.Define(),
        RegistrationsCommand.Define(),
        AuditCommand.Define(),
        TokensCommand.Define(),
        VersionCommand.Define(),
        CompletionCommand.Define(),
    };
}
