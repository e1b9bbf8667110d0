namespace Bibind.Activities.Storage;

/// <summary>The object store has no room left; nothing of the object was kept.</summary>
public sealed class StorageFullException(string detail) : Exception($"The object store is full: {detail}.")
{
    private const int NoSpaceLeft = 28;
    private const int QuotaExceeded = 122;
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>True if an I/O error says that a disk or a quota is full.</summary>
    public static bool IsMeantBy(IOException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error.HResult is NoSpaceLeft or QuotaExceeded or WindowsHandleDiskFull or WindowsDiskFull;
    }
}
