using Bibind.Local;

namespace Bibind.Testing.Servers;

/// <summary>Servers that come from npm; <c>infra/local/setup.sh</c> puts them below <c>data/tools/servers</c> of the repository.</summary>
public static class NodeServers
{
    private const string Folder = "data/tools/servers/node_modules";

    /// <summary>A file of a package.</summary>
    /// <exception cref="LocalServerException">It is missing; says how to get it.</exception>
    public static string Require(string package, string pattern)
    {
        for (var place = new DirectoryInfo(AppContext.BaseDirectory); place is not null; place = place.Parent)
        {
            var folder = Path.Combine(place.FullName, Folder, package, Path.GetDirectoryName(pattern)!);
            if (Directory.Exists(folder) && Directory.GetFiles(folder, Path.GetFileName(pattern)).Order(StringComparer.Ordinal).LastOrDefault() is { } file)
            {
                return file;
            }
        }

        throw new LocalServerException(
            $"{package} is missing, and this test needs the real one: ./test installs it below {Folder}, if npm is there.");
    }
}
