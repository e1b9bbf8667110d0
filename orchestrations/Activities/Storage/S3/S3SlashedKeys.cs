using System.Net;
using System.Security.Cryptography;
using Bibind.Activities.Services;

namespace Bibind.Activities.Storage.S3;

/// <summary>Deletes what has a key that begins with a slash: the client drops one from the address, or signs another one than it sends.</summary>
internal sealed class S3SlashedKeys(S3Server server)
{
    /// <summary>True if a key is one of these.</summary>
    public static bool Has(string key) => key.StartsWith('/');

    /// <summary>Deletes a version; succeeds when there is none.</summary>
    public Task DeleteAsync(string bucket, string key, string? version, CancellationToken cancellationToken) =>
        SendAsync(bucket, key, version is null ? string.Empty : $"?versionId={Uri.EscapeDataString(version)}", cancellationToken);

    /// <summary>Ends an upload; succeeds when there is none.</summary>
    public Task AbortAsync(string bucket, string key, string uploadId, CancellationToken cancellationToken) =>
        SendAsync(bucket, key, $"?uploadId={Uri.EscapeDataString(uploadId)}", cancellationToken);

    private async Task SendAsync(string bucket, string key, string query, CancellationToken cancellationToken)
    {
        var options = server.Options;
        if (options.AccessKey is not { Length: > 0 } accessKey)
        {
            throw new TransientFailureException(
                $"The object '{S3Keys.Shown(key)}' of the bucket '{bucket}' cannot be deleted with the machine's own role, for its key begins with a slash: delete it by hand.");
        }

        using var request = new HttpRequestMessage(HttpMethod.Delete, AddressOf(bucket, key, query));
        request.Headers.Add("x-amz-content-sha256", Convert.ToHexStringLower(SHA256.HashData([])));
        AwsSignature.Sign(request, [], new AwsCredentials(accessKey, options.SecretKey!), options.Region, "s3", DateTimeOffset.UtcNow);
        using var answer = await server.Http.SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode && answer.StatusCode != HttpStatusCode.NotFound)
        {
            throw new TransientFailureException($"The object '{S3Keys.Shown(key)}' of the bucket '{bucket}' could not be deleted: {(int)answer.StatusCode}.");
        }
    }

    private Uri AddressOf(string bucket, string key, string query)
    {
        var path = string.Join('/', key.Split('/').Select(Uri.EscapeDataString));
        var place = server.Options switch
        {
            { Endpoint: { } endpoint, ForcePathStyle: true } => $"{endpoint.GetLeftPart(UriPartial.Authority)}/{bucket}",
            { Endpoint: { } endpoint } => $"{endpoint.Scheme}://{bucket}.{endpoint.Authority}",
            var aws => $"https://s3.{aws.Region}.amazonaws.com/{bucket}",
        };
        return new Uri($"{place}/{path}{query}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }
}
