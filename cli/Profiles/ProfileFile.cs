using System.Text.Json;
using Tomlyn;

namespace Bibind.Cli.Profiles;

/// <summary>
/// The file of profiles, <c>~/.config/bibind/config.toml</c>. It holds tokens, so only its owner may read it; it is written beside itself and renamed,
/// so that an interrupted write loses nothing.
/// </summary>
/// <param name="path">Where it is.</param>
internal sealed class ProfileFile(string path)
{
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TomlSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public string Path => path;

    /// <summary>Where the file is: <c>BIBIND_CONFIG</c>, or in the user's folder for settings.</summary>
    public static ProfileFile Default()
    {
        if (Environment.GetEnvironmentVariable("BIBIND_CONFIG") is { Length: > 0 } given)
        {
            return new ProfileFile(given);
        }

        var folder = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } xdg
            ? xdg
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".config");
        return new ProfileFile(System.IO.Path.Combine(folder, "bibind", "config.toml"));
    }

    /// <summary>What is in it; nothing if there is none.</summary>
    /// <exception cref="CommandException">It cannot be read, or others may read it.</exception>
    public ProfileList Read()
    {
        if (!File.Exists(path))
        {
            return new ProfileList();
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != 0)
        {
            throw new CommandException($"Others may read or write {path}, which holds tokens: chmod 600 {path}", ExitCodes.Usage);
        }

        try
        {
            return TomlSerializer.Deserialize<ProfileList>(File.ReadAllText(path), Options) ?? new ProfileList();
        }
        catch (TomlException wrong)
        {
            throw new CommandException($"{path} is no valid TOML: {wrong.Message}", ExitCodes.Usage);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be read: {unreadable.Message}", ExitCodes.Usage);
        }
    }

    /// <summary>Writes it.</summary>
    /// <exception cref="CommandException">It cannot be written.</exception>
    public void Write(ProfileList profiles)
    {
        var text = TomlSerializer.Serialize(profiles, Options);
        var beside = $"{path}.{Environment.ProcessId}";
        try
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
            var create = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                create.UnixCreateMode = Owner;
            }

            using (var writer = new StreamWriter(beside, create))
            {
                writer.Write(text);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"{path} cannot be written: {failed.Message}", ExitCodes.Usage);
        }
    }
}
