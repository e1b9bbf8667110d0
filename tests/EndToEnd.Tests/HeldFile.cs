using System.Runtime.InteropServices;
using Bibind.Testing;
using Microsoft.Win32.SafeHandles;

namespace Bibind.EndToEnd.Tests;

/// <summary>A file that nobody can open: the kernel makes whoever tries wait (<c>F_SETLEASE</c>), so that a process can be killed right there.</summary>
internal sealed class HeldFile : IDisposable
{
    private const int SetLease = 1024;
    private const int GetLease = 1025;
    private const int SetSignal = 10;
    private const int WriteLease = 1;

    // What the kernel sends to the holder when somebody comes; ignored unless handled.
    private const int UrgentSignal = 23;

    private readonly SafeFileHandle _file;

    public HeldFile(string path)
    {
        _file = File.OpenHandle(path);
        Assert.Equal(0, Control(_file, SetSignal, UrgentSignal));
        Assert.True(Control(_file, SetLease, WriteLease) == 0, Marshal.GetLastPInvokeErrorMessage());
    }

    /// <summary>Waits until somebody waits for the file.</summary>
    public Task IsAwaitedAsync() => Eventually.UntilAsync(
        () => Task.FromResult(Control(_file, GetLease, 0) != WriteLease), TimeSpan.FromSeconds(60), "somebody opens the file");

    public void Dispose() => _file.Dispose();

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(SafeFileHandle file, int command, int argument);
}
