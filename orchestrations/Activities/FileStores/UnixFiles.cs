using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Bibind.Activities.FileStores;

/// <summary>Who owns a file.</summary>
internal readonly record struct FileOwner(uint User, uint Group);

/// <summary>What file systems can do and .NET cannot ask them for. Elsewhere than on Unix, files are copied and belong to who made them.</summary>
internal static class UnixFiles
{
    private const int NotThere = 2;
    private const int AlreadyThere = 17;
    private const int CurrentFolder = -100;
    private const int NotFollowing = 0x100;
    private const uint BasicStatus = 0x7ff;
    private const int CloseAtExec = 0x80000;
    private const int StatusBytes = 256;
    private const int TypeMask = 0xf000;
    private const int PlainFile = 0x8000;
    private const int NotPermitted = 1;
    private const int NoDevice = 6;
    private const int Denied = 13;
    private const int NoFolder = 20;
    private const int LinkFound = 40;
    private const int NotWaiting = 0x800;
    private const int OfTheHandle = 0x1000;

    // The two flags whose values are not the same on every processor.
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    private static readonly int Folder = IsArm ? 0x4000 : 0x10000;
    private static readonly int NotFollowed = IsArm ? 0x8000 : 0x20000;

    /// <summary>Makes a second name for a file's content.</summary>
    public static LinkOutcome Link(string from, string to)
    {
        if (OperatingSystem.IsWindows())
        {
            return LinkOutcome.Impossible;
        }

        return MakeLink(from, to) == 0 ? LinkOutcome.Made : Marshal.GetLastPInvokeError() switch
        {
            NotThere => LinkOutcome.NotThere,
            AlreadyThere => LinkOutcome.AlreadyThere,
            // Another device, a file system without links, too many of them, or a file of somebody else's: a copy may do.
            _ => LinkOutcome.Impossible,
        };
    }

    /// <summary>Makes one folder, and never those above it; succeeds when it is there.</summary>
    /// <exception cref="DirectoryNotFoundException">What it should be in is not there.</exception>
    public static void MakeFolder(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        if (MakeDirectory(path, (uint)mode) != 0 && Marshal.GetLastPInvokeError() is var error && error != AlreadyThere)
        {
            throw error == NotThere ? new DirectoryNotFoundException($"'{Path.GetDirectoryName(path)}' is not there.")
                : new IOException($"'{path}' cannot be made: {Marshal.GetPInvokeErrorMessage(error)}.", error);
        }
    }

    /// <summary>The owner; null where systems do not say it.</summary>
    public static FileOwner? OwnerOf(string path)
    {
        Span<byte> status = stackalloc byte[StatusBytes];
        return TryRead(path, status)
            ? new FileOwner(BinaryPrimitives.ReadUInt32LittleEndian(status[20..]), BinaryPrimitives.ReadUInt32LittleEndian(status[24..]))
            : null;
    }

    /// <summary>True for a plain file: no pipe, device or link, which could block or lead elsewhere.</summary>
    public static bool IsPlain(string path)
    {
        Span<byte> status = stackalloc byte[StatusBytes];
        return OperatingSystem.IsLinux()
            ? TryRead(path, status) && IsPlain(status)
            : new FileInfo(path) is { Exists: true, LinkTarget: null };
    }

    /// <summary>
    /// Opens a plain file of a folder to read it; null if it is gone, or is none. No part of its name is followed as a link, and
    /// nothing but a plain file is waited for, whatever somebody puts in its place meanwhile.
    /// </summary>
    /// <exception cref="UnauthorizedAccessException">It cannot be read by us.</exception>
    public static FileStream? OpenPlain(string folder, string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            var path = Path.Combine(folder, name);
            return IsPlain(path) ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0, FileOptions.Asynchronous) : null;
        }

        var parts = name.Split('/');
        var at = OpenFile(folder, CloseAtExec | Folder | NotFollowed);
        for (var part = 0; part < parts.Length && !at.IsInvalid; part++)
        {
            using var above = at;
            at = OpenAt(above, parts[part], CloseAtExec | NotFollowed | (part < parts.Length - 1 ? Folder : NotWaiting));
        }

        if (at.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            at.Dispose();
            return error switch
            {
                NotThere or NoFolder or LinkFound or NoDevice => null,
                Denied or NotPermitted => throw new UnauthorizedAccessException($"'{name}' cannot be read: {Marshal.GetPInvokeErrorMessage(error)}."),
                _ => throw new IOException($"'{name}' cannot be read: {Marshal.GetPInvokeErrorMessage(error)}.", error),
            };
        }

        Span<byte> status = stackalloc byte[StatusBytes];
        if (ReadStatusOf(at, string.Empty, OfTheHandle, BasicStatus, ref MemoryMarshal.GetReference(status)) != 0 || !IsPlain(status))
        {
            at.Dispose();
            return null;
        }

        return new FileStream(at, FileAccess.Read, bufferSize: 0, at.IsAsync);
    }

    /// <summary>Gives what root made to the owner; whoever is not root keeps what he made.</summary>
    public static void Give(string path, FileOwner? owner)
    {
        if (owner is { } to && Environment.IsPrivilegedProcess && ChangeOwner(path, to.User, to.Group) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"'{path}' cannot be given to its owner: {Marshal.GetPInvokeErrorMessage(error)}.", error);
        }
    }

    /// <summary>Brings everything that was written to the file's file system onto its disk.</summary>
    public static void Flush(SafeFileHandle file)
    {
        if (OperatingSystem.IsLinux() && FlushFileSystem(file) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"It cannot be brought onto the disk: {Marshal.GetPInvokeErrorMessage(error)}.", error);
        }
    }

    /// <summary>Brings renamings and links in a folder onto its disk.</summary>
    public static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        using var folder = OpenFile(path, CloseAtExec);
        if (folder.IsInvalid || FlushFile(folder) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            throw new IOException($"'{path}' cannot be brought onto the disk: {Marshal.GetPInvokeErrorMessage(error)}.", error);
        }
    }

    private static bool IsPlain(ReadOnlySpan<byte> status) => (BinaryPrimitives.ReadUInt16LittleEndian(status[28..]) & TypeMask) == PlainFile;

    // The one status whose layout is the same on every processor.
    private static bool TryRead(string path, Span<byte> status) =>
        OperatingSystem.IsLinux() && ReadStatus(CurrentFolder, path, NotFollowing, BasicStatus, ref MemoryMarshal.GetReference(status)) == 0;

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakeLink([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    [DllImport("libc", EntryPoint = "mkdir", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MakeDirectory([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint mode);

    [DllImport("libc", EntryPoint = "lchown", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ChangeOwner([MarshalAs(UnmanagedType.LPUTF8Str)] string path, uint user, uint group);

    [DllImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FlushFileSystem(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle OpenFile([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "openat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle OpenAt(SafeFileHandle folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReadStatusOf(SafeFileHandle file, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte status);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int FlushFile(SafeFileHandle file);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReadStatus(int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte status);
}

/// <summary>What became of a link.</summary>
internal enum LinkOutcome
{
    Made,
    AlreadyThere,
    NotThere,
    Impossible,
}
