using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Bibind.Local.RealServers;
using Microsoft.AspNetCore.Http;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>What Pebble answered, for a test to change before it is passed on.</summary>
internal sealed class PassedAnswer
{
    public required string Path { get; init; }

    public required string Body { get; set; }

    public required int Status { get; set; }

    public string? RetryAfter { get; set; }

    /// <summary>Which request of this path it answers, from 1.</summary>
    public required int Number { get; init; }

    public bool IsAuthorization => Path.Contains("authZ", StringComparison.OrdinalIgnoreCase);

    public bool IsChallenge => Path.Contains("chalZ", StringComparison.OrdinalIgnoreCase);

    /// <summary>Makes the resource say another status than it has.</summary>
    public void Say(string status, string instead) =>
        Body = Body.Replace($"\"status\": \"{instead}\"", $"\"status\": \"{status}\"", StringComparison.Ordinal);
}

/// <summary>Stands before a real Pebble, which it makes odder than it is.</summary>
internal static class AcmeProxy
{
    /// <param name="pebble">The authority.</param>
    /// <param name="change">Changes an answer; may also wait, or throw to answer nothing.</param>
    public static Task<AcmeStub> StartAsync(PebbleServer pebble, Func<PassedAnswer, HttpContext, Task> change)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(pebble.TrustedRootsFile);
        var client = new HttpClient(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } });
        var numbers = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        return AcmeStub.StartAsync(async http =>
        {
            var path = http.Request.Path.Value!;
            using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), new Uri(pebble.Directory, path));

            // Its own addresses are made from this.
            request.Headers.Host = http.Request.Host.Value;
            if (HttpMethods.IsPost(http.Request.Method))
            {
                using var body = new MemoryStream();
                await http.Request.Body.CopyToAsync(body, http.RequestAborted);
                request.Content = new ByteArrayContent(body.ToArray());
                request.Content.Headers.TryAddWithoutValidation("Content-Type", http.Request.ContentType);
            }

            using var answer = await client.SendAsync(request, http.RequestAborted);
            var passed = new PassedAnswer
            {
                Path = path,
                Status = (int)answer.StatusCode,
                Body = await answer.Content.ReadAsStringAsync(http.RequestAborted),

                // Pebble rejects nonces on purpose; the same is asked again.
                Number = answer.IsSuccessStatusCode ? numbers.AddOrUpdate(path, 1, (_, n) => n + 1) : 0,
            };
            if (answer.IsSuccessStatusCode)
            {
                await change(passed, http);
            }

            foreach (var name in new[] { "Location", "Replay-Nonce", "Link" })
            {
                if (answer.Headers.TryGetValues(name, out var values))
                {
                    http.Response.Headers[name] = values.ToArray();
                }
            }

            http.Response.Headers.RetryAfter = passed.RetryAfter;
            http.Response.StatusCode = passed.Status;
            http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            if (!HttpMethods.IsHead(http.Request.Method))
            {
                await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(passed.Body), http.RequestAborted);
            }
        });
    }
}
