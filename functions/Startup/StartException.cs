using Microsoft.AspNetCore.Connections;

namespace Bibind.Functions.Startup;

/// <summary>The host cannot start because something it needs is not there; the message is for people.</summary>
public sealed class StartException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>The exit code of a process that lacks a service (<c>EX_UNAVAILABLE</c> of sysexits.h).</summary>
    public const int ExitCode = 69;

    /// <summary>True for failures of the start that are said in words when the program ends.</summary>
    internal static bool IsSaidInWords(Exception? failure) => failure is StartException or IOException { InnerException: AddressInUseException };
}
