namespace Bibind.Activities.FileStores;

/// <summary>Copies a template's files into a store that is being made.</summary>
internal static class StoreCopy
{
    /// <summary>Copies what an earlier attempt has not copied yet, and marks the store as ours.</summary>
    /// <param name="store">The store, which has no name yet.</param>
    /// <param name="template">The template's folder; one that is not there has no files.</param>
    /// <param name="cancellationToken">Ends the copying.</param>
    public static async Task RunAsync(StoreFolder store, string template, CancellationToken cancellationToken)
    {
        var hasCopies = Directory.Exists(store.New);
        store.Make(store.New);
        foreach (var file in StoreFolder.Files(template))
        {
            cancellationToken.ThrowIfCancellationRequested();
            hasCopies |= await CopyFileAsync(store, Path.Combine(template, file.Name), file, cancellationToken);
        }

        store.WriteMark(store.New, flush: hasCopies);
    }

    /// <summary>Links a file, or else copies it; true if it was copied.</summary>
    private static async Task<bool> CopyFileAsync(StoreFolder store, string source, StoredFile file, CancellationToken cancellationToken)
    {
        var target = store.MakePlace(store.New, file.Name);
        if (!UnixFiles.IsPlain(source) || File.Exists(target))
        {
            return false;
        }

        // Only what is never changed may have two names.
        var link = StoreNames.Sha1Of(file.Name) is null ? LinkOutcome.Impossible : UnixFiles.Link(source, target);
        if (link == LinkOutcome.NotThere && File.Exists(source))
        {
            throw new TransientFailureException($"The file store of '{store.Name}' was removed while it was made.");
        }

        if (link != LinkOutcome.Impossible)
        {
            return false;
        }

        try
        {
            await using var content = OpenToRead(source);
            await store.WriteAsync(store.New, file, content, cancellationToken);
            return true;
        }
        catch (FileNotFoundException)
        {
            // Gone since it was listed.
            return false;
        }
    }

    // Without a buffer of its own: whoever reads it has one, and most files are small.
    private static FileStream OpenToRead(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous);
}
