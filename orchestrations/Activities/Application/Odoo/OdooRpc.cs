using System.Net.Http.Json;
using System.Text.Json;
using Bibind.Durable;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Calls an Odoo server by JSON-RPC. Bodies hold passwords: they are never logged, nor part of an error.</summary>
public sealed class OdooRpc(IHttpClientFactory clients, TimeProvider time)
{
    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(60);

    /// <summary>The server's version, such as <c>18.0</c>; null if it does not answer within two seconds.</summary>
    public async Task<string?> FindVersionAsync(Uri server, CancellationToken cancellationToken)
    {
        try
        {
            var version = await CallAsync(server, "common", "version", ProbeLimit, cancellationToken);
            return version.ValueKind == JsonValueKind.Object && version.TryGetProperty("server_version", out var text) ? text.GetString() : null;
        }
        catch (TransientFailureException)
        {
            return null;
        }
    }

    /// <summary>The result of a call; undefined when the answer has none.</summary>
    /// <exception cref="PermanentFailureException">The application refused the call; its own words.</exception>
    /// <exception cref="ApplicationAwayException">The server did not answer, or not as an Odoo does.</exception>
    /// <exception cref="TransientFailureException">The call failed for the moment.</exception>
    public Task<JsonElement> CallAsync(Uri server, string service, string method, CancellationToken cancellationToken, params object?[] arguments) =>
        CallAsync(server, service, method, CallLimit, cancellationToken, arguments);

    /// <inheritdoc cref="CallAsync(Uri, string, string, CancellationToken, object?[])"/>
    /// <param name="server">Address of the server.</param>
    /// <param name="service"><c>common</c>, <c>object</c> or <c>db</c>.</param>
    /// <param name="method">The service's method.</param>
    /// <param name="limit">How long the answer may take.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="arguments">The method's arguments, by position.</param>
    public async Task<JsonElement> CallAsync(
        Uri server, string service, string method, TimeSpan limit, CancellationToken cancellationToken, params object?[] arguments)
    {
        ArgumentNullException.ThrowIfNull(server);
        using var limited = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        try
        {
            using var client = clients.CreateClient(ApplicationProviders.HttpClientName);
            using var answer = await client.PostAsJsonAsync(
                new Uri(server, "/jsonrpc"),
                new { jsonrpc = "2.0", method = "call", id = 1, @params = new { service, method, args = arguments } },
                either.Token);
            if (!answer.IsSuccessStatusCode)
            {
                throw new ApplicationAwayException($"Odoo at {server.Authority} answered {(int)answer.StatusCode} to {service}.{method}.");
            }

            var body = await answer.Content.ReadFromJsonAsync<JsonElement>(either.Token);
            return body.TryGetProperty("error", out var error) ? throw Translate(error, server, service, method)
                : body.TryGetProperty("result", out var result) ? result
                : default;
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ApplicationAwayException($"Odoo at {server.Authority} did not answer {service}.{method} within {limit.TotalSeconds:0} s.");
        }
        catch (HttpRequestException unreachable)
        {
            throw new ApplicationAwayException($"Odoo at {server.Authority} cannot be reached: {unreachable.HttpRequestError}.");
        }
        catch (JsonException)
        {
            throw new ApplicationAwayException($"What answered {service}.{method} at {server.Authority} was no JSON-RPC server.");
        }
    }

    private static Exception Translate(JsonElement error, Uri server, string service, string method)
    {
        var data = error.TryGetProperty("data", out var d) && d.ValueKind == JsonValueKind.Object ? d : error;
        var message = OdooErrors.Text(data, "message") ?? OdooErrors.Text(error, "message") ?? "no reason given";
        return OdooErrors.Of(OdooErrors.Text(data, "name"), $"Odoo at {server.Authority} refused {service}.{method}: {message}");
    }
}
