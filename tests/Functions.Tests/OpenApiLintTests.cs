using System.Diagnostics;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The OpenAPI document is one that others' tools can work with: Redocly's recommended rules find nothing.</summary>
public sealed class OpenApiLintTests(ApiHost host) : IClassFixture<ApiHost>, IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bibind-openapi-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_document_lints_clean_by_Redoclys_recommended_rules()
    {
        using var answer = await host.GetAsync("/openapi/v1.json", token: null);

        var problems = await LintAsync(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

        Assert.Empty(problems);
    }

    [Fact]
    public async Task A_document_with_a_call_whose_security_is_not_said_does_not()
    {
        const string Open = """
            {"openapi": "3.1.1", "info": {"title": "x", "version": "1", "license": {"name": "x", "url": "https://x.test"}}, "servers": [{"url": "/"}],
             "paths": {"/x": {"get": {"operationId": "x", "summary": "x", "responses": {"200": {"description": "x"}, "400": {"description": "x"}}}}}}
            """;

        Assert.Contains("security-defined", Assert.Single(await LintAsync(Open)), StringComparison.Ordinal);
    }

    /// <summary>What the linter finds, warnings too, as rule, place and words.</summary>
    private async Task<IReadOnlyList<string>> LintAsync(string document)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var (file, rules) = (Path.Combine(_folder.FullName, "openapi.json"), Path.Combine(_folder.FullName, "redocly.yaml"));
        await File.WriteAllTextAsync(file, document, cancellation);
        await File.WriteAllTextAsync(rules, "extends: [recommended]\n", cancellation);
        var start = new ProcessStartInfo("node") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.FullName };
        foreach (var argument in (string[])[NodeServers.Require("@redocly/cli", "bin/cli.js"), "lint", file, "--config", rules, "--format", "json", "--max-problems", "1000"])
        {
            start.ArgumentList.Add(argument);
        }

        // It asks nobody and tells nobody.
        (start.Environment["REDOCLY_TELEMETRY"], start.Environment["REDOCLY_SUPPRESS_UPDATE_NOTICE"]) = ("off", "true");
        using var linter = Process.Start(start)!;
        var said = linter.StandardOutput.ReadToEndAsync(cancellation);
        var errors = linter.StandardError.ReadToEndAsync(cancellation);
        await linter.WaitForExitAsync(cancellation);
        var output = await said;
        Assert.True(output.TrimStart().StartsWith('{'), output + await errors);
        using var result = JsonDocument.Parse(output);
        return
        [
            .. result.RootElement.GetProperty("problems").EnumerateArray().Select(p =>
                $"{p.GetProperty("ruleId").GetString()} {p.GetProperty("location")[0].GetProperty("pointer").GetString()}: {p.GetProperty("message").GetString()}"),
        ];
    }
}
