using System.Reflection;

namespace Bibind.Functions.Tests.Architecture;

/// <summary>What is installed: the program's assembly and those of ours that it refers to.</summary>
internal static class OurAssemblies
{
    private const string Root = "Bibind.";

    public static IReadOnlyDictionary<string, Assembly> ByName { get; } = Load(typeof(FunctionsHost).Assembly).ToDictionary(Name, StringComparer.Ordinal);

    /// <summary>Which of ours it refers to, without the common beginning of their names.</summary>
    public static IReadOnlyList<string> References(string name) => [.. Referenced(ByName[name]).Select(r => r.Name![Root.Length..]).Order(StringComparer.Ordinal)];

    private static IEnumerable<AssemblyName> Referenced(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Where(r => r.Name!.StartsWith(Root, StringComparison.Ordinal));

    private static IEnumerable<Assembly> Load(Assembly assembly) =>
        Referenced(assembly).SelectMany(r => Load(Assembly.Load(r))).Prepend(assembly).DistinctBy(Name);

    private static string Name(Assembly assembly) => assembly.GetName().Name![Root.Length..];
}
