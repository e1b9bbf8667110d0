using System.Globalization;

namespace Bibind.Benchmarks;

/// <summary>Prints figures: <c>area.name: value unit (ratio to what)</c>.</summary>
internal static class Figures
{
    public static void Print(string name, double value, string unit, string? against = null) =>
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{name}: {Round(value)} {unit}{(against is null ? string.Empty : $" ({against})")}"));

    /// <summary>A ratio measured in the same run, and the limit it is held against.</summary>
    public static string Ratio(double value, double floor, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"{value / floor:0.00} x {what}, {Round(floor)}");

    public static double Percentile(IEnumerable<double> values, double percent)
    {
        var sorted = values.Order().ToArray();
        return sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(percent / 100 * sorted.Length) - 1)];
    }

    public static double Median(IEnumerable<double> values) => Percentile(values, 50);

    private static double Round(double value) => value >= 100 ? Math.Round(value) : Math.Round(value, 2);
}
