using System.Text.RegularExpressions;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>docs/api.md names every call, and every kind of problem that one may answer.</summary>
public sealed partial class ApiPageTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs/api.md"));

    [Fact]
    public void Every_kind_of_problem_stands_on_the_page()
    {
        var kinds = Directory.EnumerateFiles(Path.Combine(Repository.Root, "functions"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .SelectMany(f => Problems().Matches(File.ReadAllText(f)).Select(m => m.Groups["kind"].Value))
            .Distinct().Order(StringComparer.Ordinal).ToList();

        Assert.Superset(new HashSet<string> { "code-taken", "no-registrar", "registrar-unavailable", "server-away", "unauthorized" }, kinds.ToHashSet());
        Assert.DoesNotContain(kinds, kind => !Page.Contains($"`{kind}`", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_call_stands_on_the_page()
    {
        var calls = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(e => e.RoutePattern.RawText!.TrimEnd('/')).Where(path => path.StartsWith("/api/", StringComparison.Ordinal)).Distinct().ToList();

        Assert.NotEmpty(calls);
        Assert.DoesNotContain(calls, call => !Page.Contains(call, StringComparison.Ordinal));
    }

    // The first text behind the status of a problem, or of a conflict.
    [GeneratedRegex(@"(Conflict\(\s*|new Problem\(\s*StatusCodes\.Status\w+,\s*|new\(StatusCodes\.Status\w+,\s*)""(?<kind>[a-z][a-z0-9-]+)""")]
    private static partial Regex Problems();
}
