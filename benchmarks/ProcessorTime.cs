using System.Globalization;

namespace Bibind.Benchmarks;

/// <summary>The processor time that groups of processes and the whole machine have used, as Linux counts it.</summary>
internal sealed class ProcessorTime(params (string Name, int[] Processes)[] groups)
{
    // Linux tells programs hundredths of a second, whatever its own clock is.
    private const double TicksPerSecond = 100;
    private const int Parent = 1;
    private const int FirstTime = 11;
    private const int EndOfTimes = 15;
    private const int EndOfMachine = 8;
    private const int Idle = 3;
    private const int WaitsForDisk = 4;

    private readonly double[] _before = [.. groups.Select(g => OfTrees(g.Processes))];
    private readonly double _machineBefore = OfMachine();

    /// <summary>What each used since this was made, in words: cores that it kept busy, and milliseconds for each message, which hold on a busy machine, too.</summary>
    /// <param name="seconds">How long ago that is.</param>
    /// <param name="messages">What was done meanwhile.</param>
    public string Describe(double seconds, double messages)
    {
        var parts = groups.Select((g, i) => Words(g.Name, OfTrees(g.Processes) - _before[i], seconds, messages));
        var machine = string.Create(CultureInfo.InvariantCulture, $"machine {(OfMachine() - _machineBefore) / seconds:0.00} of {Environment.ProcessorCount} cores");
        return string.Join(", ", parts.Append(machine));
    }

    private static string Words(string name, double used, double seconds, double messages) =>
        string.Create(CultureInfo.InvariantCulture, $"{name} {used / seconds:0.00} cores and {1000 * used / messages:0.00} ms a message");

    // With their descendants, and with those that have ended.
    private static double OfTrees(int[] roots)
    {
        var all = Directory.EnumerateDirectories("/proc")
            .Select(d => int.TryParse(Path.GetFileName(d), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0).Select(id => (Id: id, Fields: Read(id))).Where(p => p.Fields.Length > EndOfTimes).ToDictionary(p => p.Id, p => p.Fields);
        var children = all.ToLookup(p => int.Parse(p.Value[Parent], CultureInfo.InvariantCulture), p => p.Key);
        return roots.Sum(Of);

        double Of(int id) => all.TryGetValue(id, out var fields) ? Sum(fields[FirstTime..EndOfTimes]) + children[id].Sum(Of) : 0;
    }

    private static double OfMachine()
    {
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..];
        return Sum(fields[..EndOfMachine].Where((_, i) => i is not (Idle or WaitsForDisk)));
    }

    private static double Sum(IEnumerable<string> ticks) => ticks.Sum(t => double.Parse(t, CultureInfo.InvariantCulture)) / TicksPerSecond;

    private static string[] Read(int process)
    {
        try
        {
            // The state follows the program's name, which stands in brackets and may have blanks.
            return File.ReadAllText($"/proc/{process}/stat").Split(") ")[^1].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }
}
