using System.Text.Json;
using System.Xml.Linq;
using Bibind.Testing;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>docs/licences.md names every package of every lock file with the licence that its own nuspec states.</summary>
public sealed class LicencesTests
{
    private const string Shipped = "shipped";
    private const string TestsOnly = "tests and tools";

    // What may be shipped; docs/licences.md says what the last three are. All else needs a decision.
    private static readonly string[] LocksOfHosts = ["functions/packages.lock.json", "functions/Hosting/Azure/packages.lock.json"];

    private static readonly string[] Open =
    [
        "Apache-2.0", "BSD-3-Clause", "MIT", "PostgreSQL",
        "file COPYING.txt", "https://github.com/dotnet/corefx/blob/master/LICENSE.TXT", "http://go.microsoft.com/fwlink/?LinkID=261272",
    ];

    [Fact]
    public void Every_package_stands_in_the_list_with_its_licence()
    {
        var listed = File.ReadLines(Path.Combine(Repository.Root, "docs/licences.md")).Where(l => l.StartsWith("| ", StringComparison.Ordinal) && l.Count(c => c == '|') == 4)
            .Skip(1).Where(l => !l.StartsWith("| ---", StringComparison.Ordinal)).ToList();
        var rows = Packages().Select(p => $"| {p.Name} | {p.Licence} | {p.Where} |").ToList();

        Assert.True(
            rows.SequenceEqual(listed),
            $"docs/licences.md lacks:\n{string.Join('\n', rows.Except(listed))}\nand has too many:\n{string.Join('\n', listed.Except(rows))}");
    }

    [Fact]
    public void What_is_shipped_has_an_open_licence() =>
        Assert.All(Packages().Where(p => p.Where == Shipped), p => Assert.True(Open.Contains(p.Licence), $"{p.Name} has the licence {p.Licence}."));

    private static IEnumerable<(string Name, string Licence, string Where)> Packages() =>
        Directory.EnumerateDirectories(Repository.Root).Where(d => Path.GetFileName(d) != "data")
            .SelectMany(d => Directory.EnumerateFiles(d, "packages.lock.json", SearchOption.AllDirectories))
            .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .SelectMany(file => Read(file).Select(p => (p.Name, p.Version, IsShipped: LocksOfHosts.Contains(Path.GetRelativePath(Repository.Root, file)))))
            .GroupBy(p => p.Name)
            .OrderBy(g => g.Key, StringComparer.OrdinalIgnoreCase)
            .Select(g => (
                g.Key,
                string.Join(", ", g.Select(p => LicenceOf(p.Name, p.Version)).Distinct().Order(StringComparer.Ordinal)),
                g.Any(p => p.IsShipped) ? Shipped : TestsOnly));

    private static List<(string Name, string Version)> Read(string lockFile)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(lockFile));
        return
        [
            .. document.RootElement.GetProperty("dependencies").EnumerateObject().SelectMany(framework => framework.Value.EnumerateObject())
                .Where(p => p.Value.GetProperty("type").GetString() != "Project")
                .Select(p => (p.Name, p.Value.GetProperty("resolved").GetString()!)),
        ];
    }

    private static string LicenceOf(string name, string version)
    {
        var cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
#pragma warning disable CA1308 // So does NuGet write its folders.
        var id = name.ToLowerInvariant();
#pragma warning restore CA1308
        var nuspec = Path.Combine(cache, id, version, $"{id}.nuspec");
        Assert.True(File.Exists(nuspec), $"{name} {version} is not in NuGet's cache: run dotnet restore.");
        var elements = XDocument.Load(nuspec).Descendants().ToList();
        return elements.FirstOrDefault(e => e.Name.LocalName == "license") is { } licence
            ? licence.Attribute("type")?.Value == "expression" ? licence.Value : $"{licence.Attribute("type")?.Value} {licence.Value}"
            : elements.FirstOrDefault(e => e.Name.LocalName == "licenseUrl")?.Value ?? "none";
    }
}
