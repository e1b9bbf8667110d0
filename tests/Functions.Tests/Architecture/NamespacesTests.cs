using Xunit;

namespace Bibind.Functions.Tests.Architecture;

/// <summary>No two namespaces refer to each other, directly or by way of others: each can be read, and changed, without those above it.</summary>
public sealed class NamespacesTests
{
    private static readonly NamespaceReferences References = NamespaceReferences.Read("Bibind", OurAssemblies.ByName.Values);

    [Fact]
    public void Namespaces_refer_to_each_other_in_no_circle()
    {
        var circles = References.FindCircles();
        Assert.True(circles.Count == 0, string.Join(Environment.NewLine, circles.Select(c => $"Circle of {c.Count}:{Environment.NewLine}{References.Describe(c)}")));
    }

    [Fact]
    public void Circles_are_found_by_way_of_others_and_of_what_methods_call()
    {
        var circles = NamespaceReferences.Read("Round", [typeof(NamespacesTests).Assembly]).FindCircles();
        Assert.Equal([["Round.First", "Round.Second", "Round.Third"]], circles);
    }
}
