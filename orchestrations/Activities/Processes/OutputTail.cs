using System.Text.RegularExpressions;

namespace Bibind.Activities.Processes;

/// <summary>
/// Keeps of a program's output what says why it failed, without the secrets that it was given: the first line that speaks of an
/// error, and the last lines, where a traceback names its cause.
/// </summary>
internal sealed partial class OutputTail(params string[] secrets)
{
    private const int Lines = 20;
    private const int LineLength = 400;
    private const int TextLength = 3000;

    private readonly Queue<string> _lines = new();
    private readonly Lock _lock = new();
    private string? _firstError;
    private string? _lastCause;
    private int _count;
    private int _firstErrorAt;
    private int _lastCauseAt;

    /// <summary>Given every line, not only the last ones; several streams give theirs at once.</summary>
    public Action<string>? Watch { get; init; }

    /// <summary>Reads to the end; several streams may be read into one tail.</summary>
    public async Task ReadAsync(TextReader output, CancellationToken cancellationToken)
    {
        while (await output.ReadLineAsync(cancellationToken) is { } line)
        {
            Watch?.Invoke(line);
            Add(line);
        }
    }

    /// <summary>What is kept, for an error message; its end is the end of the output.</summary>
    public override string ToString()
    {
        lock (_lock)
        {
            if (_lines.Count == 0)
            {
                return "(no output)";
            }

            // The oldest of the last lines give way: what is cut is in the middle.
            var last = string.Join('\n', _lines);
            last = last.Length > TextLength ? "…" + last[^TextLength..] : last;
            var before = new[] { (Line: _firstError, At: _firstErrorAt), (Line: _lastCause, At: _lastCauseAt) }
                .Where(l => l.Line is not null && l.At <= _count - _lines.Count).Select(l => l.Line).Distinct();
            return string.Join("\n…\n", [.. before, last]);
        }
    }

    private void Add(string line)
    {
        foreach (var secret in secrets.Where(s => s.Length > 0))
        {
            line = line.Replace(secret, "***", StringComparison.Ordinal);
        }

        // The cause stands at a line's end: "…, in _load_data: psycopg2.errors.UndefinedColumn: …".
        line = line.Length > LineLength ? $"{line[..(LineLength / 4)]}…{line[^(LineLength * 3 / 4)..]}" : line;
        lock (_lock)
        {
            _count++;
            if (_firstError is null && Error().IsMatch(line))
            {
                (_firstError, _firstErrorAt) = (line, _count);
            }

            if (Cause().IsMatch(line))
            {
                (_lastCause, _lastCauseAt) = (line, _count);
            }

            _lines.Enqueue(line);
            if (_lines.Count > Lines)
            {
                _lines.Dequeue();
            }
        }
    }

    [GeneratedRegex(@"\b(ERROR|CRITICAL|FATAL)\b|^(error|fatal):", RegexOptions.None)]
    private static partial Regex Error();

    // The last line of a traceback: the exception's class, then what it says.
    [GeneratedRegex(@"^[A-Za-z_][\w.]*(Error|Exception|Denied|Warning|Violation|Interrupt|Exit|UndefinedColumn|UndefinedTable)\b(:|$)")]
    private static partial Regex Cause();
}
