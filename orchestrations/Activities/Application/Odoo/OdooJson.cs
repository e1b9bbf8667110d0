using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Application.Odoo;

/// <summary>A method of one of the application's models, to be called with a key.</summary>
/// <param name="Model">Such as <c>res.users</c>.</param>
/// <param name="Method">Such as <c>create</c>.</param>
/// <param name="Arguments">By name.</param>
/// <param name="Limit">How long the answer may take.</param>
public sealed record OdooCall(string Model, string Method, object Arguments, TimeSpan Limit)
{
    internal string Name => $"{Model}.{Method}";
}

/// <summary>Calls an Odoo server by <c>/json/2</c> (19 and later). Bodies and keys are never logged, nor part of an error.</summary>
public sealed class OdooJson(IHttpClientFactory clients, TimeProvider time)
{
    /// <summary>Calls a method of a tenant's application; false where there is no such endpoint: versions before 19.</summary>
    /// <param name="server">Address of the server.</param>
    /// <param name="place">Whose database it is called in.</param>
    /// <param name="key">The administrator's key.</param>
    /// <param name="call">What is called.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PermanentFailureException">The application refused it; its own words.</exception>
    /// <exception cref="ApplicationAwayException">The application is not there.</exception>
    /// <exception cref="TransientFailureException">It failed for the moment.</exception>
    public async Task<bool> TryCallAsync(Uri server, TenantDescriptor place, OdooKey key, OdooCall call, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(call);
        using var limited = new CancellationTokenSource(call.Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, $"/json/2/{call.Model}/{call.Method}")) { Content = Whole(call.Arguments) };
        request.Headers.Host = place.ApplicationHost ?? place.Host;
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Value);
        request.Headers.Add("X-Odoo-Database", place.Database);
        try
        {
            using var client = clients.CreateClient(ApplicationProviders.HttpClientName);
            using var answer = await client.SendAsync(request, either.Token);
            return answer.StatusCode switch
            {
                HttpStatusCode.OK => true,
                HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed => false,
                _ => throw await TranslateErrorsAsync(answer, server, call, either.Token),
            };
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ApplicationAwayException($"The application at {server.Authority} did not answer {call.Name} within {call.Limit.TotalSeconds:0} s.");
        }
        catch (HttpRequestException unreachable)
        {
            throw new ApplicationAwayException($"The application at {server.Authority} cannot be reached: {unreachable.HttpRequestError}.");
        }
    }

    // With its length: Odoo takes a body that comes in chunks for none.
    private static StringContent Whole(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    // One that carries no words of its own is not working.
    private static async Task<Exception> TranslateErrorsAsync(HttpResponseMessage answer, Uri server, OdooCall call, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        JsonElement error;
        try
        {
            error = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }
        catch (JsonException)
        {
            return new ApplicationAwayException($"The application at {server.Authority} answered {status} to {call.Name}.");
        }

        // A key that is refused may be taken later, whatever exception says so.
        var name = status == (int)HttpStatusCode.Unauthorized ? null : OdooErrors.Text(error, "name");
        return OdooErrors.Of(name, $"The application at {server.Authority} refused {call.Name}: {OdooErrors.Text(error, "message") ?? "no reason given"}");
    }
}
