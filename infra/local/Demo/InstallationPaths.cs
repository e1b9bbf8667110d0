namespace Bibind.Local.Demo;

/// <summary>Where an installation lies.</summary>
internal sealed record InstallationPaths
{
    /// <summary>The repository: the host's program is built there.</summary>
    public required string Root { get; init; }

    /// <summary>Where <c>local.settings.json</c> is, and the host runs.</summary>
    public required string Folder { get; init; }

    /// <summary>PostgreSQL, the host's log and everything else.</summary>
    public required string Data { get; init; }

    /// <summary>True if everything in it goes when it ends.</summary>
    public required bool IsThrowaway { get; init; }

    /// <summary>The installation of the repository, which is found again at the next start.</summary>
    public static InstallationPaths Kept(string root) =>
        new() { Root = root, Folder = root, Data = Path.Combine(root, "data"), IsThrowaway = false };

    /// <summary>One beside it that lasts as long as the servers of the moment that it uses.</summary>
    public static InstallationPaths Throwaway(string root)
    {
        var folder = Path.Combine(root, "data", "full");
        return new InstallationPaths { Root = root, Folder = folder, Data = folder, IsThrowaway = true };
    }

    /// <summary>As people see it from the repository, such as <c>data/host.log</c>.</summary>
    public string Show(string file) => Path.GetRelativePath(Root, file);
}
