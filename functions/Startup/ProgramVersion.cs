using System.Reflection;

namespace Bibind.Functions.Startup;

/// <summary>Which version this is.</summary>
internal static class ProgramVersion
{
    /// <summary>The version that was built, with the commit after <c>+</c> where it is known.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
}
