using System.Globalization;
using System.Text.RegularExpressions;

namespace Bibind.Activities.Backup;

/// <summary>Reads what <c>pg_restore</c> says while it works.</summary>
internal sealed partial class RestoreMessages
{
    private const int LinesKept = 5;

    // A server that is away, stops, or has no room: the same dump may be restored in a moment.
    private static readonly string[] Passing =
    [
        "FATAL:", "PANIC:", "connection", "could not connect", "No space left", "out of memory", "out of shared memory", "could not extend",
        "could not write", "could not fsync", "canceling statement", "deadlock detected", "shutting down", "starting up", "recovery mode", "too many",
    ];

    private readonly Lock _lock = new();
    private readonly List<string> _first = [];
    private int _unknownSettings;
    private int? _ignored;

    /// <summary>True if all that failed were time limits that an older server does not know, and has not.</summary>
    public bool OnlyUnknownSettings => _ignored is { } ignored && ignored == _unknownSettings;

    /// <summary>The first lines about failures: what follows may only be their consequence.</summary>
    public string First
    {
        get
        {
            lock (_lock)
            {
                return string.Join('\n', _first);
            }
        }
    }

    /// <summary>True for a refusal of the server that would come again.</summary>
    public static bool AnswersTheSameAgain(string said) =>
        said.Contains("ERROR:", StringComparison.Ordinal) && !Passing.Any(words => said.Contains(words, StringComparison.OrdinalIgnoreCase));

    /// <summary>Takes a line.</summary>
    public void Read(string line)
    {
        lock (_lock)
        {
            if (UnknownSetting().IsMatch(line))
            {
                _unknownSettings++;
                _first.Clear();
            }
            else if (Ignored().Match(line) is { Success: true } count)
            {
                _ignored = int.Parse(count.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            }
            else if (_first.Count < LinesKept)
            {
                _first.Add(line);
            }
        }
    }

    [GeneratedRegex(@"\ACommand was: SET [a-z_]+_timeout = 0;\z")]
    private static partial Regex UnknownSetting();

    [GeneratedRegex(@"\Apg_restore: warning: errors ignored on restore: ([0-9]{1,9})\z")]
    private static partial Regex Ignored();
}
