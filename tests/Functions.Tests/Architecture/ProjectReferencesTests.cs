using Xunit;

namespace Bibind.Functions.Tests.Architecture;

/// <summary>Which project may know which, and which may know PostgreSQL.</summary>
public sealed class ProjectReferencesTests
{
    [Theory]
    [InlineData("Durable")]
    [InlineData("Durable.Postgres", "Durable")]
    [InlineData("Durable.Scheduler", "Durable")]
    [InlineData("Contracts", "Durable")]
    [InlineData("ControlPlane", "Contracts", "Durable")]
    [InlineData("Orchestrators", "Contracts", "Durable")]
    [InlineData("Activities", "Contracts", "ControlPlane", "Durable")]
    [InlineData("WebConsole")]
    public void A_project_refers_to_no_other_than_these(string project, params string[] allowed) =>
        Assert.Subset(allowed.ToHashSet(StringComparer.Ordinal), OurAssemblies.References(project).ToHashSet(StringComparer.Ordinal));

    [Theory]
    [InlineData("Durable")]
    [InlineData("Contracts")]
    [InlineData("Orchestrators")]
    [InlineData("WebConsole")]
    public void No_database_where_decisions_are_made(string project) =>
        Assert.DoesNotContain(OurAssemblies.ByName[project].GetReferencedAssemblies(), r => r.Name is "Npgsql" or "Dapper");

    [Fact]
    public void Every_project_that_is_installed_has_its_rule() =>
        Assert.Equal(["Activities", "Contracts", "ControlPlane", "Durable", "Durable.Postgres", "Durable.Scheduler", "Functions", "Orchestrators", "WebConsole"], OurAssemblies.ByName.Keys.Order(StringComparer.Ordinal));
}
