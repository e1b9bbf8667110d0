using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>Writes routes as Caddy reads them.</summary>
internal static class CaddyRoute
{
    private const string ProxyHandler = "reverse_proxy";

    /// <summary>A tenant's route; <paramref name="mark"/> is a handler that does nothing but say whose it is.</summary>
    public static JsonObject Write(string id, TenantRoute route, JsonObject mark)
    {
        var steps = new JsonArray(new JsonObject
        {
            ["match"] = new JsonArray(new JsonObject { ["path"] = new JsonArray(TenantRoute.RevisionPath) }),
            ["handle"] = new JsonArray(Answer(HttpStatusCode.OK, route.Revision, "text/plain")),
            ["terminal"] = true,
        });
        if (route.Redirects)
        {
            steps.Add(new JsonObject
            {
                ["match"] = new JsonArray(new JsonObject
                {
                    ["protocol"] = "http",
                    ["not"] = new JsonArray(new JsonObject { ["path"] = new JsonArray(TenantRoute.ChallengePath + "*") }),
                }),
                ["handle"] = new JsonArray(new JsonObject
                {
                    ["handler"] = "static_response",
                    ["status_code"] = (int)HttpStatusCode.PermanentRedirect,
                    ["headers"] = new JsonObject { ["Location"] = new JsonArray(route.SecureAddress + "{http.request.uri}") },
                }),
                ["terminal"] = true,
            });
        }

        if (route.Page is null)
        {
            steps.Add(new JsonObject
            {
                ["match"] = new JsonArray(new JsonObject { ["path_regexp"] = new JsonObject { ["pattern"] = TenantRoute.RefusedPaths } }),
                ["handle"] = new JsonArray(Answer(HttpStatusCode.NotFound, "Not found", "text/plain")),
                ["terminal"] = true,
            });

            // The limit itself, below, is 502 to whoever meets it at Caddy 2.6; who says beforehand how much comes is told at once.
            const string Announced = "{http.request.header.Content-Length}";
            steps.Add(new JsonObject
            {
                ["match"] = new JsonArray(new JsonObject
                {
                    ["expression"] = string.Create(CultureInfo.InvariantCulture, $"{Announced} != '' && int({Announced}) > {route.LargestBody}"),
                }),
                ["handle"] = new JsonArray(Answer(HttpStatusCode.RequestEntityTooLarge, "Too large", "text/plain")),
                ["terminal"] = true,
            });
        }

        if (route is { Page: null, WebsocketDial: { } websockets })
        {
            steps.Add(new JsonObject
            {
                ["match"] = new JsonArray(new JsonObject { ["path"] = new JsonArray(TenantRoute.WebsocketPath, TenantRoute.WebsocketPath + "/*") }),
                ["handle"] = new JsonArray(Limit(route), Forward(route, websockets)),
                ["terminal"] = true,
            });
        }

        if (route.Page is { } page)
        {
            steps.Add(new JsonObject
            {
                ["match"] = new JsonArray(new JsonObject { ["header"] = new JsonObject { ["Accept-Language"] = new JsonArray("fr*", "FR*") } }),
                ["handle"] = new JsonArray(Show(page, RoutePages.French(page))),
                ["terminal"] = true,
            });
            steps.Add(new JsonObject { ["handle"] = new JsonArray(Show(page, RoutePages.English(page))) });
        }
        else
        {
            steps.Add(new JsonObject { ["handle"] = new JsonArray(Limit(route), Forward(route, route.Dial)) });
        }

        return new JsonObject
        {
            ["@id"] = id,
            ["match"] = new JsonArray(new JsonObject { ["host"] = new JsonArray(route.Host) }),
            ["handle"] = new JsonArray(mark, new JsonObject { ["handler"] = "subroute", ["routes"] = steps }),
            ["terminal"] = true,
        };
    }

    /// <summary>True if anything of a route leads to an application, whoever wrote that into it.</summary>
    public static bool LeadsOn(JsonNode? node) => node switch
    {
        JsonObject part => (part["handler"] is JsonValue handler && handler.TryGetValue(out string? name) && name == ProxyHandler) || part.Any(member => LeadsOn(member.Value)),
        JsonArray parts => parts.Any(LeadsOn),
        _ => false,
    };

    /// <summary>The last route: without one, Caddy answers for a host that nobody knows with an empty 200.</summary>
    public static JsonObject UnknownHost(string id) => new()
    {
        ["@id"] = id,
        ["handle"] = new JsonArray(Answer(HttpStatusCode.NotFound, "Not found", "text/plain")),
    };

    private static JsonObject Limit(TenantRoute route) => new() { ["handler"] = "request_body", ["max_size"] = route.LargestBody };

    private static JsonObject Forward(TenantRoute route, string dial)
    {
        var transport = new JsonObject
        {
            ["protocol"] = "http",
            ["response_header_timeout"] = string.Create(CultureInfo.InvariantCulture, $"{TenantRoute.AnswerLimit.TotalSeconds:0}s"),
        };
        if (route.Upstream.Scheme == Uri.UriSchemeHttps)
        {
            transport["tls"] = new JsonObject { ["server_name"] = route.Upstream.Host };
        }

        var forward = new JsonObject
        {
            ["handler"] = ProxyHandler,
            ["upstreams"] = new JsonArray(new JsonObject { ["dial"] = dial }),
            ["transport"] = transport,
        };
        CaddyStreams.Keep(forward);
        if (route.ApplicationHost is { } known)
        {
            forward["headers"] = new JsonObject
            {
                ["request"] = new JsonObject
                {
                    ["set"] = new JsonObject { ["Host"] = new JsonArray(known), ["X-Forwarded-Host"] = new JsonArray(known) },
                },
            };
        }

        return forward;
    }

    private static JsonObject Show(RoutePage page, string text)
    {
        var answer = Answer((HttpStatusCode)RoutePages.StatusOf(page), text, "text/html; charset=utf-8");
        var headers = answer["headers"]!.AsObject();
        headers["Vary"] = new JsonArray("Accept-Language");
        if (page != RoutePage.PaymentRequired)
        {
            headers["Retry-After"] = new JsonArray(RoutePages.RetryAfterSeconds.ToString(CultureInfo.InvariantCulture));
        }

        return answer;
    }

    private static JsonObject Answer(HttpStatusCode status, string body, string type) => new()
    {
        ["handler"] = "static_response",
        ["status_code"] = (int)status,
        ["headers"] = new JsonObject { ["Content-Type"] = new JsonArray(type), ["Cache-Control"] = new JsonArray("no-store") },
        ["body"] = body,
    };
}
