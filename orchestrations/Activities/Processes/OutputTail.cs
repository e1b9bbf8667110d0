namespace Bibind.Activities.Processes;

/// <summary>Keeps the last lines of a program's output, without the secrets that it was given.</summary>
internal sealed class OutputTail(params string[] secrets)
{
    private const int Lines = 20;
    private const int LineLength = 400;

    private readonly Queue<string> _lines = new();
    private readonly Lock _lock = new();

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

    /// <summary>What is kept, for an error message.</summary>
    public override string ToString()
    {
        lock (_lock)
        {
            return _lines.Count == 0 ? "(no output)" : string.Join('\n', _lines);
        }
    }

    private void Add(string line)
    {
        foreach (var secret in secrets.Where(s => s.Length > 0))
        {
            line = line.Replace(secret, "***", StringComparison.Ordinal);
        }

        lock (_lock)
        {
            _lines.Enqueue(line.Length > LineLength ? line[..LineLength] + "…" : line);
            if (_lines.Count > Lines)
            {
                _lines.Dequeue();
            }
        }
    }
}
