using System.CommandLine;
using Bibind.Cli.Output;

namespace Bibind.Cli.Commands;

/// <summary>Options that every command takes.</summary>
internal static class Globals
{
    public static Option<string?> Profile { get; } = new("--profile")
    {
        Description = "The installation, as bibind login named it; BIBIND_PROFILE, or the last signed in to, otherwise.",
        HelpName = "NAME",
        Recursive = true,
    };

    public static Option<string?> Url { get; } = new("--url")
    {
        Description = "The API's address; BIBIND_URL, or the profile's, otherwise. The token comes from BIBIND_TOKEN or the profile of that address.",
        HelpName = "ADDRESS",
        Recursive = true,
    };

    public static Option<OutputFormat> Format { get; } = new("--output", "-o")
    {
        Description = "How results are written.",
        Recursive = true,
        DefaultValueFactory = _ => OutputFormat.Table,
        HelpName = "table|json|yaml|name",
    };

    public static Option<bool> NoWait { get; } = new("--no-wait") { Description = "Does not wait for the job; its id is written." };

    public static Option<bool> Yes { get; } = new("--yes", "-y") { Description = "Does not ask." };

    public static Option<string?> Reason { get; } = new("--reason") { Description = "Why, in words; recorded.", HelpName = "TEXT" };

    public static Option<int> Limit { get; } = new("--limit") { Description = "At most so many rows; 0 for all.", DefaultValueFactory = _ => 50, HelpName = "N" };

    /// <summary>A reason that the API insists on.</summary>
    public static Option<string> RequiredReason { get; } = new("--reason") { Description = "Why, in words; recorded.", HelpName = "TEXT", Required = true };
}
