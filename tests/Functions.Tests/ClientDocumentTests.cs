using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The client is generated from <c>shared/Client/openapi.json</c>; here that is compared with what the host says.</summary>
public sealed class ClientDocumentTests(ApiHost host) : IClassFixture<ApiHost>
{
    /// <summary>Set to 1, the test writes the file instead of comparing it.</summary>
    private const string Write = "BIBIND_WRITE_CLIENT_DOCUMENT";

    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, IndentSize = 1, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task The_client_is_generated_from_the_document_of_this_host()
    {
        var file = Path.Combine(Repository.Root, "shared", "Client", "openapi.json");
        using var answer = await host.GetAsync("/openapi/v1.json", token: null);
        var document = ForClients(JsonNode.Parse(await answer.Content.ReadAsStringAsync())!) + "\n";
        if (Environment.GetEnvironmentVariable(Write) == "1")
        {
            await File.WriteAllTextAsync(file, document);
        }

        Assert.True(
            document == await File.ReadAllTextAsync(file),
            $"The API is another than the one that its client is generated from. Run this test with {Write}=1 and commit shared/Client/openapi.json.");
    }

    // A client takes words that a newer host adds, so the choices of query parameters stay open; and no commit's id is in its source.
    private static string ForClients(JsonNode document)
    {
        document["info"]!["version"] = "1";
        var parameters = document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject())
            .SelectMany(o => o.Value!["parameters"]?.AsArray().AsEnumerable() ?? []);
        foreach (var parameter in parameters)
        {
            parameter!["schema"]!.AsObject().Remove("enum");
        }

        return document.ToJsonString(Layout);
    }
}
