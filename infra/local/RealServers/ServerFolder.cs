namespace Bibind.Local.RealServers;

/// <summary>Where a server of the moment keeps its files.</summary>
internal static class ServerFolder
{
    /// <summary>A new folder that only we can enter; below the temporary folder, for the paths of sockets must be short.</summary>
    public static string New() => Directory.CreateTempSubdirectory("bibind-server-").FullName;
}
