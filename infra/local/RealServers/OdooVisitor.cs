using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Bibind.Local.RealServers;

/// <summary>Somebody with a browser at an address of Odoo's: keeps cookies, fills in the login form.</summary>
public sealed partial class OdooVisitor : IDisposable
{
    private readonly HttpClient _http;

    /// <param name="address">Of the tenant, such as <c>https://acme.example.com/</c>.</param>
    /// <param name="way">How its host is reached; follows no redirects.</param>
    public OdooVisitor(Uri address, SocketsHttpHandler way)
    {
        ArgumentNullException.ThrowIfNull(way);
        way.AllowAutoRedirect = false;
        way.UseCookies = true;
        way.CookieContainer = new CookieContainer();
        _http = new HttpClient(way) { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>Straight to an Odoo, whatever the host's name is.</summary>
    public static OdooVisitor Of(Uri odoo, string host)
    {
        ArgumentNullException.ThrowIfNull(odoo);
        var way = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(odoo.Host, odoo.Port, cancellationToken);
                    return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        return new OdooVisitor(new Uri(string.Create(CultureInfo.InvariantCulture, $"http://{host}:{odoo.Port}/")), way);
    }

    public void Dispose() => _http.Dispose();

    /// <summary>What a page answers.</summary>
    public async Task<(HttpStatusCode Status, string Body)> GetAsync(string path, CancellationToken cancellationToken = default)
    {
        using var answer = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>Fills in the login form as a person does, and asks who is signed in.</summary>
    /// <returns>What Odoo says of the session: <c>uid</c>, <c>username</c>, <c>name</c>, <c>db</c>, <c>user_context</c> and more; null if it refused.</returns>
    /// <exception cref="InvalidOperationException">There is no login form.</exception>
    public async Task<JsonObject?> SignInAsync(string login, string password, CancellationToken cancellationToken = default)
    {
        var (status, page) = await GetAsync("web/login", cancellationToken);
        if (status != HttpStatusCode.OK || CsrfToken().Match(page) is not { Success: true } token)
        {
            throw new InvalidOperationException($"/web/login answered {(int)status} and no form: {page[..Math.Min(page.Length, 400)]}");
        }

        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["csrf_token"] = token.Groups[1].Value,
            ["login"] = login,
            ["password"] = password,
            ["type"] = "password",
            ["redirect"] = "",
        });
        using var answer = await _http.PostAsync(new Uri("web/login", UriKind.Relative), form, cancellationToken);
        if (answer.StatusCode is not (HttpStatusCode.SeeOther or HttpStatusCode.Redirect))
        {
            return null;
        }

        var question = new JsonObject { ["jsonrpc"] = "2.0", ["method"] = "call", ["id"] = 1, ["params"] = new JsonObject() };
        using var session = await _http.PostAsJsonAsync(new Uri("web/session/get_session_info", UriKind.Relative), question, cancellationToken);
        var body = JsonNode.Parse(await session.Content.ReadAsStringAsync(cancellationToken))!;
        return body["result"]?.AsObject() is { } result && result["uid"] is JsonValue ? (JsonObject)result.DeepClone() : null;
    }

    [GeneratedRegex("""name="csrf_token"\s+value="([^"]+)""")]
    private static partial Regex CsrfToken();
}
