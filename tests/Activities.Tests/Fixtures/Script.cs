namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Programs that tests put in the place of real ones.</summary>
internal static class Script
{
    /// <summary>Writes a shell script that can be run; answers its path.</summary>
    public static string Write(string folder, string name, string body)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, "#!/bin/bash\n" + body + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
