using System.Runtime.InteropServices;

namespace Bibind.Activities.Credentials;

/// <summary>Makes the current thread give way to every other; thread priorities of .NET do nothing on Linux.</summary>
internal static class ThreadNiceness
{
    private const int PriorityOfProcess = 0;
    private const int CurrentThread = 0;
    private const int Nicest = 19;

    public static void YieldToEveryone()
    {
        Thread.CurrentThread.Priority = ThreadPriority.Lowest;
        if (OperatingSystem.IsLinux())
        {
            // Linux keeps niceness by thread. A refusal costs only the courtesy.
            _ = SetPriority(PriorityOfProcess, CurrentThread, Nicest);
        }
    }

    [DllImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int which, uint who, int priority);
}
