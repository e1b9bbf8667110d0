namespace Bibind.ControlPlane.Secrets;

/// <summary>Where keys are kept that the settings only refer to, such as <c>file:/etc/bibind/master.key</c>.</summary>
public interface IKeySource
{
    /// <summary>What references to it begin with, without the colon.</summary>
    string Scheme { get; }

    /// <summary>Reads a key.</summary>
    /// <param name="reference">What stands behind the colon.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The key as the settings would have it: base64.</returns>
    /// <exception cref="KeyRefusedException">There is none to be had; trying again cannot help.</exception>
    /// <exception cref="KeyUnavailableException">The source cannot be reached now.</exception>
    Task<string> ReadAsync(string reference, CancellationToken cancellationToken);
}

/// <summary>A reference leads to no key. The message goes on behind the setting's name, and holds nothing of a key.</summary>
public sealed class KeyRefusedException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The source of a key cannot be reached now. The message holds nothing of a key.</summary>
public sealed class KeyUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Keys in files, such as those that systemd and container platforms mount: base64, as in the settings.</summary>
internal sealed class FileKeySource : IKeySource
{
    private const int LargestFile = 4096;

    /// <inheritdoc/>
    public string Scheme => "file";

    /// <inheritdoc/>
    public async Task<string> ReadAsync(string reference, CancellationToken cancellationToken)
    {
        if (!Path.IsPathFullyQualified(reference))
        {
            throw new KeyRefusedException("refers to a file by a path that depends on the current folder: write the whole path, such as file:/etc/bibind/master.key");
        }

        try
        {
            return new FileInfo(reference).Length <= LargestFile
                ? (await File.ReadAllTextAsync(reference, cancellationToken)).Trim()
                : throw new KeyRefusedException($"refers to the file {reference}, which is too large for a key");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new KeyRefusedException($"refers to the file {reference}, which cannot be read: {unreadable.Message.TrimEnd('.')}", unreadable);
        }
    }
}
