using Bibind.Activities.Templates;
using Bibind.Durable;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Where the application's program has to keep its files so that they are in the file store: below its data folder.</summary>
internal static class OdooDataFolder
{
    private const string StoreName = "filestore";

    /// <summary>The arguments that say so, and name the configuration where there is one.</summary>
    /// <param name="options">Names the configuration.</param>
    /// <param name="store">The folder of all stores; null where none are kept.</param>
    /// <exception cref="PermanentFailureException">The settings do not go together; it says which to change.</exception>
    public static List<string> Arguments(TemplateOptions options, string? store)
    {
        List<string> arguments = options.OdooConfiguration is { Length: > 0 } configuration ? ["-c", configuration] : [];
        if (store is null)
        {
            return arguments;
        }

        if (Path.GetFileName(Path.TrimEndingDirectorySeparator(store)) != StoreName)
        {
            throw new PermanentFailureException(
                $"FileStore__Folder is '{store}', but the application keeps files in a folder '{StoreName}' in its data folder: name <data_dir>/{StoreName}.");
        }

        var data = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(store))!;
        if (options.OdooConfiguration is { Length: > 0 } file && Configured(file) is { } other && Path.GetFullPath(other) != Path.GetFullPath(data))
        {
            throw new PermanentFailureException(
                $"The application's configuration '{file}' (Templates__OdooConfiguration) has the data_dir '{other}', but FileStore__Folder is in '{data}': make them the same.");
        }

        return [.. arguments, "--data-dir", data];
    }

    private static string? Configured(string file)
    {
        try
        {
            return File.ReadLines(file)
                .Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries))
                .Where(parts => parts is ["data_dir", { Length: > 0 }]).Select(parts => parts[1]).LastOrDefault();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new PermanentFailureException($"The application's configuration '{file}' (Templates__OdooConfiguration) cannot be read: {unreadable.Message}", unreadable);
        }
    }
}
