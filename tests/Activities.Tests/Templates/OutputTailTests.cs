using Bibind.Activities.Processes;
using Xunit;

namespace Bibind.Activities.Tests.Templates;

public sealed class OutputTailTests
{
    [Fact]
    public async Task The_root_cause_of_a_long_traceback_is_kept_with_the_first_error()
    {
        var lines = Enumerable.Range(0, 200).Select(i => $"INFO module {i} loaded")
            .Append("2026-01-01 ERROR db odoo.modules: Some modules are not loaded")
            .Concat(Enumerable.Range(0, 300).Select(i => $"  File \"/usr/lib/python3/odoo/file{i}.py\", line {i}, in load {new string('x', 500)}"))
            .Append("psycopg2.errors.UndefinedColumn: column \"nothing\" does not exist")
            .Concat(Enumerable.Range(0, 30).Select(i => $"INFO closing {i}"));

        var tail = await ReadAsync(lines);

        Assert.StartsWith("2026-01-01 ERROR db odoo.modules: Some modules are not loaded\n", tail, StringComparison.Ordinal);
        Assert.Contains("psycopg2.errors.UndefinedColumn: column \"nothing\" does not exist", tail, StringComparison.Ordinal);
        Assert.EndsWith("INFO closing 29", tail, StringComparison.Ordinal);
        Assert.DoesNotContain("module 3 loaded", tail, StringComparison.Ordinal);
        Assert.True(tail.Length < 5000, $"It has {tail.Length} characters.");
    }

    [Fact]
    public async Task The_newest_lines_are_kept_when_all_are_long()
    {
        var tail = await ReadAsync(Enumerable.Range(0, 100).Select(i => $"{new string('y', 900)} cause {i}"));

        Assert.EndsWith("cause 99", tail, StringComparison.Ordinal);
        Assert.Contains("cause 95", tail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_not_kept()
    {
        var tail = new OutputTail("hunter2");
        await tail.ReadAsync(new StringReader("ERROR password hunter2 refused"), CancellationToken.None);

        Assert.Equal("ERROR password *** refused", tail.ToString());
    }

    private static async Task<string> ReadAsync(IEnumerable<string> lines)
    {
        var tail = new OutputTail();
        await tail.ReadAsync(new StringReader(string.Join('\n', lines)), CancellationToken.None);
        return tail.ToString();
    }
}
