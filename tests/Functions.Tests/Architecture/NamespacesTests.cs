using Xunit;

namespace Bibind.Functions.Tests.Architecture;

/// <summary>No two namespaces refer to each other, directly or by way of others: each can be read, and changed, without those above it.</summary>
public sealed class NamespacesTests
{
    // What is not cut yet. A namespace that leaves its circle leaves this list; none is ever added.
    private static readonly IReadOnlyList<IReadOnlyList<string>> Known =
    [
        [
            "Bibind.Durable", "Bibind.Durable.Execution", "Bibind.Durable.History", "Bibind.Durable.Hubs", "Bibind.Durable.Hubs.Postgres",
            "Bibind.Durable.Serialization", "Bibind.Durable.Worker",
        ],
    ];

    private static readonly NamespaceReferences References = NamespaceReferences.Read("Bibind", OurAssemblies.ByName.Values);

    [Fact]
    public void Namespaces_refer_to_each_other_in_no_new_circle()
    {
        var circles = References.FindCircles().Where(circle => !Known.Any(known => circle.All(known.Contains)));
        Assert.True(!circles.Any(), string.Join(Environment.NewLine, circles.Select(c => $"Circle of {c.Count}:{Environment.NewLine}{References.Describe(c)}")));
    }

    [Fact]
    public void What_is_not_in_a_circle_any_more_is_not_listed_as_known()
    {
        var inCircles = References.FindCircles().SelectMany(circle => circle).ToHashSet(StringComparer.Ordinal);
        Assert.Equal([], Known.SelectMany(circle => circle).Except(inCircles));
    }

    [Fact]
    public void Circles_are_found_by_way_of_others_and_of_what_methods_call()
    {
        var circles = NamespaceReferences.Read("Round", [typeof(NamespacesTests).Assembly]).FindCircles();
        Assert.Equal([["Round.First", "Round.Second", "Round.Third"]], circles);
    }
}
