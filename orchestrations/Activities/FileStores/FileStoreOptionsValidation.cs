using Microsoft.Extensions.Options;

namespace Bibind.Activities.FileStores;

/// <summary>Tries the folder out when the host starts, and says which setting is wrong.</summary>
internal sealed class FileStoreOptionsValidation : IValidateOptions<FileStoreOptions>
{
    public ValidateOptionsResult Validate(string? name, FileStoreOptions options)
    {
        if (options.Provider == FileStoreOptions.None)
        {
            return ValidateOptionsResult.Success;
        }

        if (options.Provider != FileStoreOptions.InFolder)
        {
            return ValidateOptionsResult.Fail("FileStore__Provider must be none or folder.");
        }

        if (string.IsNullOrWhiteSpace(options.Folder))
        {
            return ValidateOptionsResult.Fail(
                "FileStore__Folder is missing: FileStore__Provider is folder, so name the application's <data_dir>/filestore as this machine sees it.");
        }

        return TryOut(options.Folder) is { } wrong ? ValidateOptionsResult.Fail(wrong) : ValidateOptionsResult.Success;
    }

    private static string? TryOut(string setting)
    {
        // Which servers there are is asked when one is used; what all their folders are in must be there now.
        var server = setting.IndexOf(FileStoreOptions.ServerPlaceholder, StringComparison.Ordinal);
        var folder = Path.GetFullPath(server < 0 ? setting : Path.GetDirectoryName(setting[..server] + "x") is { Length: > 0 } above ? above : ".");
        if (!Directory.Exists(folder))
        {
            return $"FileStore__Folder is '{setting}', but there is no folder '{folder}' here: mount the application's data folder, or correct the name.";
        }

        if (server >= 0)
        {
            return null;
        }

        var trial = Path.Combine(folder, $".bibind-trial-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(trial);
            Directory.Delete(trial);
            return null;
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            return $"FileStore__Folder is '{setting}', where the user '{Environment.UserName}' cannot make folders ({refused.Message}): run this program as the application's user.";
        }
    }
}
