using System.Net;
using System.Text.Json.Nodes;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>Writes routes as Caddy reads them.</summary>
internal static class CaddyRoute
{
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

        steps.Add(new JsonObject
        {
            ["handle"] = new JsonArray(route.IsSuspended
                ? Answer(HttpStatusCode.ServiceUnavailable, TenantRoute.SuspendedPage, "text/html; charset=utf-8")
                : Forward(route)),
        });
        return new JsonObject
        {
            ["@id"] = id,
            ["match"] = new JsonArray(new JsonObject { ["host"] = new JsonArray(route.Host) }),
            ["handle"] = new JsonArray(mark, new JsonObject { ["handler"] = "subroute", ["routes"] = steps }),
            ["terminal"] = true,
        };
    }

    /// <summary>The last route: without one, Caddy answers for a host that nobody knows with an empty 200.</summary>
    public static JsonObject UnknownHost(string id) => new()
    {
        ["@id"] = id,
        ["handle"] = new JsonArray(Answer(HttpStatusCode.NotFound, "Not found", "text/plain")),
    };

    private static JsonObject Forward(TenantRoute route)
    {
        var forward = new JsonObject
        {
            ["handler"] = "reverse_proxy",
            ["upstreams"] = new JsonArray(new JsonObject { ["dial"] = route.Dial }),
        };
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

        if (route.Upstream.Scheme == Uri.UriSchemeHttps)
        {
            forward["transport"] = new JsonObject { ["protocol"] = "http", ["tls"] = new JsonObject { ["server_name"] = route.Upstream.Host } };
        }

        return forward;
    }

    private static JsonObject Answer(HttpStatusCode status, string body, string type) => new()
    {
        ["handler"] = "static_response",
        ["status_code"] = (int)status,
        ["headers"] = new JsonObject { ["Content-Type"] = new JsonArray(type), ["Cache-Control"] = new JsonArray("no-store") },
        ["body"] = body,
    };
}
