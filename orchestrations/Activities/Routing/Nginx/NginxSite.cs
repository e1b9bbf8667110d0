using System.Globalization;

namespace Bibind.Activities.Routing.Nginx;

/// <summary>Writes server blocks. Every value is checked before: a host by its grammar, an address by being one.</summary>
internal static class NginxSite
{
    private const string OwnerMark = "# bibind ";

    /// <summary>A tenant's server blocks.</summary>
    /// <param name="route">What to do.</param>
    /// <param name="certificate">File of the chain; the key lies beside it, ending with <c>.key</c>. Null for a plain route.</param>
    /// <param name="options">Where nginx listens.</param>
    public static string Write(TenantRoute route, string? certificate, NginxOptions options)
    {
        var plain = route.Redirects
            ? $$"""
                {{(route.Page is null ? $"location {TenantRoute.ChallengePath} {{ {Forward(route, route.Dial)} }}" : "")}}
                location / { return 308 {{route.SecureAddress}}$request_uri; }
              """
            : Main(route);
        var text = $$"""
            {{OwnerMark}}{{route.Owner}}
            server {
              listen {{options.HttpListen}};
              server_name {{route.Host}};
              {{Revision(route)}}
            {{plain}}
            }

            """;
        return certificate is null
            ? text
            : text + $$"""
                server {
                  listen {{options.HttpsListen}} ssl;
                  server_name {{route.Host}};
                  ssl_certificate {{certificate}};
                  ssl_certificate_key {{certificate}}.key;
                  ssl_protocols TLSv1.2 TLSv1.3;
                  {{Revision(route)}}
                {{Main(route)}}
                }

                """;
    }

    /// <summary>What is there once: answers for hosts that nobody knows.</summary>
    public static string WriteDefaults(NginxOptions options)
    {
        const string Upgrade = """
            map $http_upgrade $bibind_connection { default upgrade; '' ''; }
            map $http_host $bibind_port { default ''; ~(?<port>:[0-9]+)$ $port; }

            """;
        return !options.DefaultServers
            ? Upgrade
            : Upgrade + $$"""
                server {
                  listen {{options.HttpListen}} default_server;
                  return 404;
                }
                server {
                  listen {{options.HttpsListen}} ssl default_server;
                  ssl_reject_handshake on;
                }

                """;
    }

    /// <summary>Whose a file is; null if we did not write it.</summary>
    public static string? OwnerOf(string text) =>
        text.StartsWith(OwnerMark, StringComparison.Ordinal) ? text[OwnerMark.Length..].Split('\n', 2)[0].TrimEnd() : null;

    /// <summary>True if anything of a file leads to an application, whoever wrote that into it.</summary>
    public static bool LeadsOn(string text) => text.Split('\n').Any(line => line.Contains("proxy_pass", StringComparison.Ordinal));

    private static string Revision(TenantRoute route) =>
        $$"""location = {{TenantRoute.RevisionPath}} { default_type text/plain; add_header Cache-Control no-store; return 200 "{{route.Revision}}"; }""";

    private static string Main(TenantRoute route) => route.Page is { } page
        ? $$"""
            location / {
              default_type "text/html; charset=utf-8";
              add_header Cache-Control no-store always;
              add_header Vary Accept-Language always;
              {{(page == RoutePage.PaymentRequired ? "" : string.Create(CultureInfo.InvariantCulture, $"add_header Retry-After {RoutePages.RetryAfterSeconds} always;"))}}
              if ($http_accept_language ~* "^fr") { return {{RoutePages.StatusOf(page)}} '{{RoutePages.French(page)}}'; }
              return {{RoutePages.StatusOf(page)}} '{{RoutePages.English(page)}}';
            }
          """
        : $$"""
            location ~ "{{TenantRoute.RefusedPaths}}" { return 404; }

          """
          + (route.WebsocketDial is { } websockets
            ? $$"""
                location ~ ^{{TenantRoute.WebsocketPath}}(/|$) { {{Forward(route, websockets)}} }

              """
            : "")
          + $$"""
            location / { {{Forward(route, route.Dial)}} }
          """;

    // The application is told a name that we wrote ourselves, never one that was sent: a request line with this host and a Host
    // header with another's is led here by the first, and would reach the other's database, a suspended tenant's for example.
    private static string Forward(TenantRoute route, string dial) => string.Join(
        ' ',
        $"proxy_pass {route.Upstream.Scheme}://{dial};",
        "proxy_http_version 1.1;",
        $"proxy_set_header Host {route.ApplicationHost ?? $"{route.Host}$bibind_port"};",
        $"proxy_set_header X-Forwarded-Host {route.ApplicationHost ?? $"{route.Host}$bibind_port"};",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection $bibind_connection;",
        "proxy_ssl_server_name on;",
        $"proxy_read_timeout {TenantRoute.AnswerLimit.TotalSeconds:0}s;",
        string.Create(CultureInfo.InvariantCulture, $"client_max_body_size {route.LargestBody};"));
}
