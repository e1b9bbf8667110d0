using System.CommandLine;
using Bibind.Cli.Output;
using Bibind.Cli.Profiles;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary>One command as it was written, with what it works with.</summary>
internal sealed class CommandCall(ParseResult line, CancellationToken cancellationToken) : IDisposable
{
    private Connection? _connection;

    public ResultWriter Writer { get; } = new(line.InvocationConfiguration.Output, line.InvocationConfiguration.Error, line.GetValue(Globals.Format));

    public CancellationToken CancellationToken => cancellationToken;

    public Connection Connection => _connection ??= Connection.Open(line.GetValue(Globals.Profile), line.GetValue(Globals.Url), ProfileFile.Default());

    public BibindClient Api => Connection.Api;

    public T? Get<T>(Option<T> option) => line.GetValue(option);

    public T Get<T>(Argument<T> argument) => line.GetValue(argument)!;

    /// <summary>Asks before something is taken away; without a terminal nobody can be asked.</summary>
    /// <param name="question">What will happen.</param>
    /// <param name="answer">What must be typed.</param>
    /// <exception cref="CommandException">It was not confirmed.</exception>
    public async Task ConfirmAsync(string question, string answer)
    {
        if (line.GetValue(Globals.Yes))
        {
            return;
        }

        if (Console.IsInputRedirected)
        {
            throw new CommandException($"{question} Nobody can be asked here: add --yes.", ExitCodes.Usage);
        }

        await Writer.Errors.WriteAsync($"{question} Type {answer} to go on: ");
        var typed = await Task.Run(Console.ReadLine, cancellationToken).WaitAsync(cancellationToken);
        if (typed?.Trim() != answer)
        {
            throw new CommandException("Nothing was done.", ExitCodes.Usage);
        }
    }

    public void Dispose() => _connection?.Dispose();
}
