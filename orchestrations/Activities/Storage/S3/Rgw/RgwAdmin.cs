using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Bibind.Activities.Services;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Storage.S3.Rgw;

/// <summary>A user of Ceph's object gateway.</summary>
internal sealed record RgwUser(string Id, string DisplayName, StorageKeys? Keys);

/// <summary>A bucket of the gateway: whose it is, and how many kibibytes it may hold; null without a limit.</summary>
internal sealed record RgwBucket(string Owner, long? QuotaKibibytes);

/// <summary>Ceph's admin operations API: S3's signature, at <c>/admin</c> of the same address.</summary>
internal sealed class RgwAdmin
{
    /// <summary>Of calls to it.</summary>
    public const string HttpClientName = "rgw";

    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Waits = TimeSpan.FromSeconds(5);
    private readonly ServiceClient _service;
    private readonly S3Options _options;
    private readonly TimeProvider _time;

    public RgwAdmin(IHttpClientFactory clients, IOptions<S3Options> options, TimeProvider time)
    {
        _options = options.Value;
        _time = time;
        _service = new ServiceClient(clients.CreateClient(HttpClientName), "The object gateway", CallLimit, Waits, time);
    }

    /// <summary>The user, or null.</summary>
    public async Task<RgwUser?> FindUserAsync(string id, CancellationToken cancellationToken) =>
        await CallAsync(HttpMethod.Get, "user", [("uid", id)], cancellationToken) is { } user ? Read(user) : null;

    /// <summary>Makes a user that may have no buckets of its own; the gateway makes its keys, so that no address carries them.</summary>
    public async Task<RgwUser> CreateUserAsync(string id, string displayName, CancellationToken cancellationToken) =>
        Read(await CallAsync(
            HttpMethod.Put, "user", [("uid", id), ("display-name", displayName), ("max-buckets", "-1"), ("generate-key", "true")], cancellationToken)
            ?? throw new TransientFailureException($"The object gateway did not make the user '{id}'."));

    /// <summary>Deletes a user; succeeds when there is none.</summary>
    public Task DeleteUserAsync(string id, CancellationToken cancellationToken) => CallAsync(HttpMethod.Delete, "user", [("uid", id)], cancellationToken);

    /// <summary>The bucket, or null.</summary>
    public async Task<RgwBucket?> FindBucketAsync(string bucket, CancellationToken cancellationToken)
    {
        if (await CallAsync(HttpMethod.Get, "bucket", [("bucket", bucket)], cancellationToken) is not { } found)
        {
            return null;
        }

        var quota = found.GetProperty("bucket_quota");
        return new RgwBucket(
            found.GetProperty("owner").GetString()!,
            quota.GetProperty("enabled").GetBoolean() && quota.GetProperty("max_size_kb").GetInt64() is > 0 and var limit ? limit : null);
    }

    /// <summary>Bytes that the gateway counts in a bucket, uploads that were never finished included; 0 if there is no bucket.</summary>
    public async Task<long> FindBucketBytesAsync(string bucket, CancellationToken cancellationToken) =>
        await CallAsync(HttpMethod.Get, "bucket", [("bucket", bucket), ("stats", "true")], cancellationToken) is { } found
        && found.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object
            ? usage.EnumerateObject().Sum(u => u.Value.TryGetProperty("size", out var size) ? size.GetInt64() : 0)
            : 0;

    /// <summary>Limits what a bucket may hold, if it is not limited so; true if it was not.</summary>
    public async Task<bool> SetQuotaAsync(string bucket, RgwBucket found, long? bytes, CancellationToken cancellationToken)
    {
        long? wanted = bytes is { } limit ? (limit + 1023) / 1024 : null;
        if (wanted == found.QuotaKibibytes)
        {
            return false;
        }

        await CallAsync(
            HttpMethod.Put, "bucket",
            [
                ("quota", ""), ("uid", found.Owner), ("bucket", bucket), ("max-size-kb", FormattableString.Invariant($"{wanted ?? -1}")), ("max-objects", "-1"),
                ("enabled", wanted is null ? "false" : "true"),
            ],
            cancellationToken);
        return true;
    }

    private async Task<JsonElement?> CallAsync(HttpMethod method, string resource, (string Name, string Value)[] parameters, CancellationToken cancellationToken)
    {
        var query = string.Join('&', parameters.Prepend(("format", "json")).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2)}"));
        var address = new Uri(_options.Endpoint!, $"/admin/{resource}?{query}");
        var answer = await _service.SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(method, address);
                request.Headers.Add("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData([])));
                AwsSignature.Sign(request, [], new AwsCredentials(_options.AccessKey!, _options.SecretKey!), _options.Region, "s3", _time.GetUtcNow());
                return Task.FromResult(request);
            },
            cancellationToken);
        return answer.Status switch
        {
            HttpStatusCode.NotFound => null,
            _ when answer.IsSuccess => answer.Body.Length == 0 ? default(JsonElement) : _service.ReadJson(answer),
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => throw new PermanentFailureException(
                $"The object gateway does not let us manage users ({CodeOf(answer)}): give the account of Storage__S3__AccessKey the capabilities 'users=*;buckets=*', "
                + "or set Storage__S3__TenantUsers to none."),
            HttpStatusCode.BadRequest or HttpStatusCode.Conflict => throw new PermanentFailureException($"The object gateway refuses {method} {resource}: {CodeOf(answer)}."),
            var status => throw new TransientFailureException($"The object gateway answered {(int)status}: {CodeOf(answer)}."),
        };
    }

    private static RgwUser Read(JsonElement user)
    {
        var keys = user.GetProperty("keys").EnumerateArray().Select(k => new StorageKeys(k.GetProperty("access_key").GetString()!, k.GetProperty("secret_key").GetString()!));
        return new RgwUser(user.GetProperty("user_id").GetString()!, user.GetProperty("display_name").GetString()!, keys.FirstOrDefault());
    }

    private static string CodeOf(ServiceResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            return document.RootElement.TryGetProperty("Code", out var code) ? code.GetString() ?? "no reason" : "no reason";
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return "no reason that can be read";
        }
    }
}
