using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Makes users at an Odoo server with an API key: by <c>/json/2</c> where it answers (19 and later), else by JSON-RPC. Bodies and keys
/// are never logged, nor part of an error.
/// </summary>
public sealed class OdooUserCalls(OdooRpc rpc, IHttpClientFactory clients, TimeProvider time)
{
    private const string Create = "res.users.create";
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(20);

    /// <summary>Creates a user without a password and without an invitation.</summary>
    /// <param name="server">Address of the server.</param>
    /// <param name="place">Whose database it is made in.</param>
    /// <param name="key">The administrator's key.</param>
    /// <param name="user">Its fields.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PermanentFailureException">The application refused it; its own words.</exception>
    /// <exception cref="ApplicationAwayException">The application is not there.</exception>
    /// <exception cref="TransientFailureException">It failed for the moment.</exception>
    public async Task CreateAsync(Uri server, TenantDescriptor place, OdooKey key, IReadOnlyDictionary<string, object?> user, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(key);

        // Without it the application mails an invitation in the customer's name.
        var context = new { no_reset_password = true };
        if (!await TryJsonAsync(server, place, key, new { vals_list = new[] { user }, context }, cancellationToken))
        {
            await rpc.CallAsync(
                server, "object", "execute_kw", CallLimit, cancellationToken,
                place.Database, key.UserId, key.Value, "res.users", "create", new object[] { new[] { user } }, new { context });
        }
    }

    // With its length: Odoo takes a body that comes in chunks for none.
    private static StringContent Whole(object body) => new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    // False where there is no such endpoint: versions before 19.
    private async Task<bool> TryJsonAsync(Uri server, TenantDescriptor place, OdooKey key, object body, CancellationToken cancellationToken)
    {
        using var limited = new CancellationTokenSource(CallLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limited.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/json/2/res.users/create")) { Content = Whole(body) };
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
                _ => throw await TranslateErrorsAsync(answer, server, either.Token),
            };
        }
        catch (OperationCanceledException) when (limited.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ApplicationAwayException($"The application at {server.Authority} did not answer {Create} within {CallLimit.TotalSeconds:0} s.");
        }
        catch (HttpRequestException unreachable)
        {
            throw new ApplicationAwayException($"The application at {server.Authority} cannot be reached: {unreachable.HttpRequestError}.");
        }
    }

    // One that carries no words of its own is not working.
    private static async Task<Exception> TranslateErrorsAsync(HttpResponseMessage answer, Uri server, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        JsonElement error;
        try
        {
            error = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        }
        catch (JsonException)
        {
            return new ApplicationAwayException($"The application at {server.Authority} answered {status} to {Create}.");
        }

        // A key that is refused may be taken later, whatever exception says so.
        var name = status == (int)HttpStatusCode.Unauthorized ? null : OdooErrors.Text(error, "name");
        return OdooErrors.Of(name, $"The application at {server.Authority} refused {Create}: {OdooErrors.Text(error, "message") ?? "no reason given"}");
    }
}
