namespace Bibind.Testing;

/// <summary>The repository that what runs was built in.</summary>
public static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        var place = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(place.FullName, "Bibind.Functions.sln")))
        {
            place = place.Parent ?? throw new DirectoryNotFoundException("This program does not lie in the repository.");
        }

        return place.FullName;
    }
}
