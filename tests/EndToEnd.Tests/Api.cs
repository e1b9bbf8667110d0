using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>The product's API as a caller uses it.</summary>
internal sealed class Api : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>Calls an address, perhaps through something else than a socket.</summary>
    public Api(Uri address, HttpMessageHandler? through = null)
    {
        _http = new HttpClient(through ?? new SocketsHttpHandler()) { BaseAddress = address };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Installation.Token);
    }

    /// <summary>Orders as Odoo's automation rule does; answers the job's address.</summary>
    public async Task<string> OrderByWebhookAsync(string code, int record = 1, string? callbackUrl = null)
    {
        var body = new JsonObject
        {
            ["_action"] = $"Provision(#{record})",
            ["_id"] = record,
            ["_model"] = "saas.instance",
            ["code"] = code,
            ["customer_email"] = "anna@example.com",
            ["customer_name"] = "Anna",
            ["currency"] = "EUR",
            ["id"] = record,
            ["lang"] = "fr_FR",
            ["name"] = "Chez Anna",
            ["offer"] = "odoo-shared",
            ["plan"] = "starter",
            ["template"] = "blank",
            ["tz"] = "Europe/Paris",
            ["vat"] = false,
        };
        if (callbackUrl is not null)
        {
            body["callback_url"] = callbackUrl;
        }

        return await AcceptedAsync(await _http.PostAsJsonAsync($"/webhooks/odoo/{Installation.WebhookToken}", body));
    }

    /// <summary>Says something about a tenant as Odoo's automation rule does; answers the job's address, or the tenant's where no job is needed.</summary>
    public async Task<string> SayByWebhookAsync(int record, string code, string asked, params (string Field, string Value)[] more)
    {
        var body = new JsonObject
        {
            ["_action"] = $"Say(#{record})",
            ["_id"] = record,
            ["_model"] = "saas.instance",
            ["id"] = record,
            ["x_code"] = code,
            ["x_event"] = asked,
        };
        foreach (var (field, value) in more)
        {
            body[field] = value;
        }

        return await AcceptedAsync(await _http.PostAsJsonAsync($"/webhooks/odoo/{Installation.WebhookToken}", body));
    }

    /// <summary>Sends what kills its receiver before it can answer.</summary>
    /// <param name="send">Sends it.</param>
    public static async Task DiesOfAsync(Func<Task> send)
    {
        try
        {
            await send();
        }
        catch (HttpRequestException)
        {
            return;
        }

        Assert.Fail("It was answered.");
    }

    public async Task<string> DestroyAsync(string code, bool finalBackup) =>
        await AcceptedAsync(await _http.DeleteAsync(new Uri($"/api/tenants/{code}?finalBackup={(finalBackup ? "true" : "false")}", UriKind.Relative)));

    /// <summary>Orders a domain; answers the job's address and what was said.</summary>
    public async Task<(string Job, JsonObject Body)> AddDomainAsync(string code, string name)
    {
        using var response = await _http.PostAsJsonAsync($"/api/tenants/{code}/domains", new JsonObject { ["name"] = name });
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, $"{(int)response.StatusCode} {text}");
        return (response.Headers.Location!.OriginalString, JsonNode.Parse(text)!.AsObject());
    }

    public async Task<string> RemoveDomainAsync(string code, string name) =>
        await AcceptedAsync(await _http.DeleteAsync(new Uri($"/api/tenants/{code}/domains/{name}", UriKind.Relative)));

    public async Task<string> ValidateDomainAsync(string code, string name) =>
        await AcceptedAsync(await _http.PostAsync(new Uri($"/api/tenants/{code}/domains/{name}/validate", UriKind.Relative), null));

    /// <summary>Waits until a tenant's only domain is as wanted, and answers it.</summary>
    public async Task<JsonObject> DomainAsync(string code, Func<JsonObject, bool> wanted) =>
        await Eventually.UntilAsync(
            async () => (await GetAsync($"/api/tenants/{code}/domains"))["items"]!.AsArray().Single()!.AsObject(),
            wanted, TimeSpan.FromSeconds(60), "the domain is as wanted");

    /// <summary>Registers a server with a PostgreSQL that has the roles of <see cref="LocalServer"/>, and activates it.</summary>
    public async Task AddServerAsync(string code, EmbeddedPostgres postgres, Uri application, bool skipApplicationTest = false)
    {
        var (status, _, body) = await TryPostAsync("/api/servers", new JsonObject
        {
            ["code"] = code,
            ["name"] = code,
            ["url"] = application.GetLeftPart(UriPartial.Authority),
            ["databaseHost"] = "127.0.0.1",
            ["databasePort"] = postgres.Port,
            ["databaseUser"] = LocalServer.MaintenanceRole,
            ["databasePassword"] = postgres.PasswordOf(LocalServer.MaintenanceRole),
            ["applicationRole"] = LocalServer.ApplicationRole,
            ["applicationPassword"] = postgres.PasswordOf(LocalServer.ApplicationRole),
        });
        Assert.True(status == HttpStatusCode.Created, body.ToString());
        (status, _, body) = await TryPostAsync(
            $"/api/servers/{code}/activate",
            skipApplicationTest ? new JsonObject { ["skipApplicationTest"] = true, ["reason"] = "Something else answers in its place." } : []);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
    }

    /// <summary>Orders what needs no words; answers the job's address.</summary>
    public async Task<string> PostAsync(string path) => await AcceptedAsync(await _http.PostAsync(new Uri(path, UriKind.Relative), content: null));

    /// <summary>Orders by a command; answers the job's address.</summary>
    public async Task<string> PostAsync(string path, JsonObject command) => await AcceptedAsync(await _http.PostAsJsonAsync(path, command));

    /// <summary>Sends a command; answers status, job's address and body.</summary>
    public Task<(HttpStatusCode Status, string? Job, JsonObject Body)> TryPostAsync(string path, JsonObject command, string? key = null) =>
        TrySendAsync(HttpMethod.Post, path, command, key);

    /// <summary>The same by another method.</summary>
    public async Task<(HttpStatusCode Status, string? Job, JsonObject Body)> TrySendAsync(HttpMethod method, string path, JsonObject command, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(command) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        using var response = await _http.SendAsync(request);
        return (response.StatusCode, response.Headers.Location?.OriginalString, JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject());
    }

    public Task<byte[]> DownloadAsync(string path) => _http.GetByteArrayAsync(new Uri(path, UriKind.Relative));

    public async Task<JsonObject> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {(int)response.StatusCode} {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>Waits for the end of a job and answers it.</summary>
    /// <param name="job">Its address.</param>
    /// <param name="seconds">How long it may take.</param>
    /// <param name="tick">What is done before each look.</param>
    public Task<JsonObject> EndOfAsync(string job, int seconds = 60, Func<Task>? tick = null) =>
        Eventually.UntilAsync(
            async () =>
            {
                await (tick?.Invoke() ?? Task.CompletedTask);
                return await GetAsync(job);
            },
            j => j["state"]!.GetValue<string>() is "succeeded" or "failed" or "cancelled",
            TimeSpan.FromSeconds(seconds),
            $"{job} ends");

    /// <summary>
    /// Waits until a job has failed and answers it. One whose activation is done but whose answer is then lost for good
    /// shows as succeeded until it is undone.
    /// </summary>
    public Task<JsonObject> FailureOfAsync(string job) =>
        Eventually.UntilAsync(() => GetAsync(job), j => j["state"]!.GetValue<string>() == "failed", TimeSpan.FromSeconds(60), $"{job} fails");

    /// <summary>What is told to whoever follows a job, until the answer ends.</summary>
    public async Task<IReadOnlyList<(string Id, string Name, string Data)>> EventsOfAsync(string job, string? lastId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{job}/events");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode} {text}");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return
        [
            .. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => e.Split('\n')).Where(e => e.Length == 3)
                .Select(e => (e[0]["id: ".Length..], e[1]["event: ".Length..], e[2]["data: ".Length..])),
        ];
    }

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<string> AcceptedAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == HttpStatusCode.Accepted, $"{(int)response.StatusCode} {text}");
            return response.Headers.Location!.OriginalString;
        }
    }
}
