
namespace Bibind.Local.RealServers;

/// <summary>The programs of real servers, as Debian packages bring them.</summary>
public static class ServerPrograms
{
    private static readonly string[] SystemFolders = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

    /// <summary>The program's file.</summary>
    /// <exception cref="LocalServerException">It is missing; names the package that has it.</exception>
    public static string Require(string program, string package) =>
        ChildProcess.Find(program)
        ?? SystemFolders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
        ?? throw new LocalServerException(
            $"{program} is missing, and the real one is needed here: install the Debian package {package} (as root, ./test and ./run --full do).");
}
