using Bibind.Client;
using Spectre.Console;
using Text = Bibind.Cli.Output.Text;

namespace Bibind.Cli.Jobs;

/// <summary>
/// The steps of a job as they change: each is written once it has ended, failed or waits for its next attempt. A terminal also shows, in its last
/// line, what runs at present; anything else gets whole lines only.
/// </summary>
internal sealed class JobProgress : IDisposable
{
    private readonly IAnsiConsole _console;
    private readonly TextWriter _writer;
    private readonly Dictionary<int, (string State, int Attempts)> _shown = [];
    private readonly bool _isTerminal;
    private bool _hasStatus;
    private string? _said;

    public JobProgress(TextWriter writer)
    {
        _writer = writer;
        _isTerminal = ReferenceEquals(writer, Console.Error) && !Console.IsErrorRedirected;
        _console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = _isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = _isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
    }

    /// <summary>Writes what has changed.</summary>
    public void Show(JobView job)
    {
        Clear();
        var running = new List<string>();
        var index = 0;
        foreach (var step in job.Steps)
        {
            if (step.State == "running")
            {
                running.Add(step.Name);
            }
            else if (_shown.GetValueOrDefault(index) != (step.State, step.Attempts))
            {
                Write(step);
            }

            _shown[index++] = (step.State, step.Attempts);
        }

        if (_isTerminal && _console.Profile.Capabilities.Ansi && running.Count > 0)
        {
            var text = Text.Clean($"{string.Join(", ", running.Distinct())}  {Text.Duration(job.DurationMs)}");
            var width = Math.Max(10, _console.Profile.Width - 5);
            _writer.Write($"  … {(text.Length > width ? text[..width] : text)}");
            _hasStatus = true;
        }
    }

    /// <summary>A word between the steps; not twice in a row.</summary>
    public void Say(string text)
    {
        if (_said != text)
        {
            Clear();
            _writer.WriteLine(text);
            _said = text;
        }
    }

    /// <summary>Takes away the line that says what runs.</summary>
    public void Clear()
    {
        if (_hasStatus)
        {
            _writer.Write("\r\u001b[2K");
            _hasStatus = false;
        }
    }

    public void Dispose() => Clear();

    private void Write(JobStep step)
    {
        _said = null;
        var (mark, style) = step.State switch
        {
            "succeeded" => ("done   ", new Style(Color.Green)),
            "failed" => ("failed ", new Style(Color.Red)),
            _ => ("retries", new Style(Color.Yellow)),
        };
        _console.Write(new Spectre.Console.Text(mark, style));
        var attempts = step.Attempts > 1 ? $", attempt {step.Attempts}" : "";
        _writer.WriteLine($"  {Text.Clean(step.Name)}  {Text.Duration(step.DurationMs)}{attempts}{(step.Error is null ? "" : $": {Text.Clean(step.Error)}")}");
    }
}
