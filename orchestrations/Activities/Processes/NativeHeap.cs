using System.Runtime.InteropServices;

namespace Bibind.Activities.Processes;

/// <summary>The memory that native code allocates: Brotli's windows and OpenSSL's buffers.</summary>
public static class NativeHeap
{
    // mallopt(3): M_MMAP_THRESHOLD, and its default, which glibc raises to 32 MiB after the first large buffer unless it is set.
    private const int LargestKept = -3;
    private const int LargestKeptBytes = 128 * 1024;

    /// <summary>
    /// Makes glibc give large buffers back when they are freed, instead of keeping them in a heap for each thread: a process
    /// that takes backups stays about 10 MB smaller. Does nothing where there is no glibc.
    /// </summary>
    public static void GiveBackLargeBuffers()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = SetOption(LargestKept, LargestKeptBytes);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library.
        }
    }

    [DllImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetOption(int option, int value);
}
