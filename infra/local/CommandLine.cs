using System.Globalization;

namespace Bibind.Local;

/// <summary>The command line was not understood; the message names what was wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>One command with its options: <c>command [value] --flag --name value</c>.</summary>
internal sealed class CommandLine
{
    private readonly Dictionary<string, string> options = [];

    private CommandLine(string command) => Command = command;

    public string Command { get; }

    /// <summary>What follows the command without a name.</summary>
    public string? Value { get; private set; }

    /// <param name="args">The command line.</param>
    /// <param name="flags">Options without a value.</param>
    /// <param name="named">Options with one.</param>
    public static CommandLine Parse(string[] args, string[] flags, string[] named)
    {
        var line = new CommandLine(args.FirstOrDefault() ?? "");
        for (var i = 1; i < args.Length; i++)
        {
            if (flags.Contains(args[i]))
            {
                line.options[args[i]] = "";
            }
            else if (named.Contains(args[i]))
            {
                line.options[args[i]] = ++i < args.Length ? args[i] : throw new UsageException($"{args[i - 1]} needs a value.");
            }
            else if (args[i].StartsWith('-') || line.Value is not null)
            {
                throw new UsageException($"'{args[i]}' is not an option of '{line.Command}'.");
            }
            else
            {
                line.Value = args[i];
            }
        }

        return line;
    }

    public bool Has(string name) => options.ContainsKey(name);

    public string? Find(string name) => options.GetValueOrDefault(name);

    public int? FindPort(string name) =>
        Find(name) is not { } text ? null
        : int.TryParse(text, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536 ? port
        : throw new UsageException($"{name} must be a port number, not '{text}'.");
}
