using Bibind.Durable;

namespace Bibind.Activities.FileStores;

/// <summary>Tells failures of the file system that pass from those that somebody has to mend.</summary>
internal static class FileStoreErrors
{
    /// <summary>Runs work; what the file system says of it is said of the database's file store.</summary>
    public static T TranslateErrors<T>(string database, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception failed) when (Words(database, failed) is { } words)
        {
            throw words;
        }
    }

    /// <inheritdoc cref="TranslateErrors"/>
    public static async Task<T> TranslateErrorsAsync<T>(string database, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failed) when (Words(database, failed) is { } words)
        {
            throw words;
        }
    }

    private static Exception? Words(string database, Exception failed) => failed switch
    {
        IOException full when Storage.StorageFullException.IsMeantBy(full) =>
            new TransientFailureException($"No space is left for the file store of '{database}' (FileStore__Folder)."),
        UnauthorizedAccessException refused =>
            new PermanentFailureException($"The file store of '{database}' cannot be used by the user '{Environment.UserName}': {refused.Message}", refused),
        IOException broken => new TransientFailureException($"The file store of '{database}' cannot be used now: {broken.Message}", broken),
        _ => null,
    };
}
