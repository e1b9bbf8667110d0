using System.Text.Json.Nodes;
using Bibind.Durable;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>
/// Edits the <c>apps</c> of a Caddy configuration: routes of ours by their <c>@id</c>, certificates by their content. What
/// is not ours stays as it is and where it is.
/// </summary>
internal static class CaddyConfiguration
{
    private const string IdKey = "@id";
    private const string OurIdPrefix = "bibind-";
    private const string CertificateIdPrefix = "bibind-certificate-";
    private const string UnknownHostId = "bibind-unknown-host";

    // Variables of the route: nothing reads them but we.
    private const string OwnerVariable = "bibind_owner";
    private const string CertificateVariable = "bibind_certificate";

    /// <summary>The <c>@id</c> of a host's route.</summary>
    public static string RouteId(string host) => $"bibind-route-{host}";

    /// <summary>Whose route it is, or null if we did not make it.</summary>
    public static string? OwnerOf(JsonNode? route) => Variables(route)?[OwnerVariable]?.GetValue<string>();

    /// <summary>Puts a route with its certificate in, in the place of an earlier one.</summary>
    /// <exception cref="PermanentFailureException">There is no such server, or the host name is taken.</exception>
    public static void Put(JsonObject apps, string server, TenantRoute route)
    {
        var routes = Routes(apps, server);
        var id = RouteId(route.Host);
        RefuseTakenHost(routes, route, id);
        var wanted = CaddyRoute.Write(id, route, Mark(route));
        var index = IndexOf(routes, id);
        if (index >= 0)
        {
            routes[index] = wanted;
        }
        else
        {
            // Routes that match everything come last: behind them no other is ever reached.
            var catchAll = routes.TakeWhile(r => r?["match"] is JsonArray { Count: > 0 }).Count();
            routes.Insert(catchAll, wanted);
            if (catchAll == routes.Count - 1)
            {
                routes.Add(CaddyRoute.UnknownHost(UnknownHostId));
            }
        }

        PutCertificate(apps, route);
        DropUnusedCertificates(apps);
    }

    /// <summary>Takes a host's route out, with a certificate that nobody else uses.</summary>
    /// <returns>False if the route is somebody else's and was left.</returns>
    public static bool Remove(JsonObject apps, string server, string host, string owner)
    {
        var routes = Routes(apps, server);
        var index = IndexOf(routes, RouteId(host));
        if (index < 0)
        {
            return true;
        }

        if (OwnerOf(routes[index]) != owner)
        {
            return false;
        }

        routes.RemoveAt(index);
        DropUnusedCertificates(apps);
        return true;
    }

    /// <summary>What other people configured.</summary>
    public static JsonObject WithoutOurs(JsonObject apps)
    {
        var theirs = apps.DeepClone().AsObject();
        foreach (var (_, server) in theirs["http"]?["servers"] as JsonObject ?? [])
        {
            DropOurs(server?["routes"]);
        }

        DropOurs(theirs["tls"]?["certificates"]?["load_pem"]);
        return theirs;
    }

    private static void DropOurs(JsonNode? list)
    {
        foreach (var ours in (list as JsonArray ?? []).Where(n => ((string?)n?[IdKey])?.StartsWith(OurIdPrefix, StringComparison.Ordinal) ?? false).ToList())
        {
            list!.AsArray().Remove(ours);
        }
    }

    private static void RefuseTakenHost(JsonArray routes, TenantRoute route, string id)
    {
        foreach (var other in routes)
        {
            var isSame = (string?)other?[IdKey] == id;
            if (isSame ? OwnerOf(other) != route.Owner : Hosts(other).Contains(route.Host, StringComparer.OrdinalIgnoreCase))
            {
                throw new PermanentFailureException($"The proxy has a route for '{route.Host}' already that is not this tenant's; it was left as it is.");
            }
        }
    }

    private static JsonObject Mark(TenantRoute route)
    {
        var variables = new JsonObject { ["handler"] = "vars", [OwnerVariable] = route.Owner };
        if (route.Certificate is { } certificate)
        {
            variables[CertificateVariable] = CertificateId(certificate);
        }

        return variables;
    }

    private static JsonArray Routes(JsonObject apps, string server)
    {
        if (apps["http"]?["servers"]?[server] is not JsonObject found)
        {
            throw new PermanentFailureException($"Caddy's configuration has no HTTP server '{server}': add it, or name another in Routing__Caddy__Server.");
        }

        if (found["routes"] is not JsonArray routes)
        {
            found["routes"] = routes = [];
        }

        return routes;
    }

    private static int IndexOf(JsonArray nodes, string id)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            if ((string?)nodes[i]?[IdKey] == id)
            {
                return i;
            }
        }

        return -1;
    }

    private static IEnumerable<string> Hosts(JsonNode? route) =>
        (route?["match"] as JsonArray ?? [])
        .SelectMany(match => match?["host"] as JsonArray ?? [])
        .Select(host => (string?)host)
        .OfType<string>();

    private static JsonObject? Variables(JsonNode? route) =>
        (route?["handle"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(h => (string?)h["handler"] == "vars" && h[OwnerVariable] is not null);

    private static string CertificateId(RouteCertificate certificate) => CertificateIdPrefix + certificate.Thumbprint;

    // By its content, for one certificate may be that of many tenants.
    private static void PutCertificate(JsonObject apps, TenantRoute route)
    {
        if (route.Certificate is not { } certificate)
        {
            return;
        }

        var loaded = Member(Member(Member(apps, "tls", () => new JsonObject()), "certificates", () => new JsonObject()), "load_pem", () => new JsonArray());
        var wanted = new JsonObject
        {
            [IdKey] = CertificateId(certificate),
            ["certificate"] = certificate.ChainPem,
            ["key"] = certificate.PrivateKeyPem,
        };
        var index = IndexOf(loaded, CertificateId(certificate));
        if (index < 0)
        {
            loaded.Add(wanted);
        }
        else
        {
            loaded[index] = wanted;
        }
    }

    private static void DropUnusedCertificates(JsonObject apps)
    {
        if (apps["tls"]?["certificates"]?["load_pem"] is not JsonArray loaded)
        {
            return;
        }

        var used = (apps["http"]?["servers"] as JsonObject ?? [])
            .SelectMany(server => server.Value?["routes"] as JsonArray ?? [])
            .Select(route => (string?)Variables(route)?[CertificateVariable])
            .ToHashSet(StringComparer.Ordinal);
        for (var i = loaded.Count - 1; i >= 0; i--)
        {
            if ((string?)loaded[i]?[IdKey] is { } id && id.StartsWith(CertificateIdPrefix, StringComparison.Ordinal) && !used.Contains(id))
            {
                loaded.RemoveAt(i);
            }
        }
    }

    private static T Member<T>(JsonObject parent, string name, Func<T> make)
        where T : JsonNode
    {
        if (parent[name] is not T member)
        {
            parent[name] = member = make();
        }

        return member;
    }
}
