namespace Bibind.Cli;

/// <summary>How the program ends.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>The job that was waited for failed or was cancelled.</summary>
    public const int JobFailed = 1;

    /// <summary>The command line was not understood.</summary>
    public const int Usage = 2;

    /// <summary>The API refused: signed in wrongly, not allowed, or the command is wrong.</summary>
    public const int Refused = 3;
    public const int NotFound = 4;

    /// <summary>The API does not answer, or answers that it cannot now.</summary>
    public const int NotReachable = 5;

    /// <summary>Ctrl-C; a job that was waited for goes on.</summary>
    public const int Interrupted = 130;
}

/// <summary>Ends the command with a message and an exit code.</summary>
internal sealed class CommandException(string message, int exitCode) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
