using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;
using Amazon.S3.Model;

namespace Bibind.Activities.Storage.S3;

/// <summary>
/// The client as every S3 server takes it: documents carry <c>Content-MD5</c>, on which some servers insist and which none refuses,
/// instead of the checksums that only newer ones know.
/// </summary>
internal sealed class S3Client : AmazonS3Client
{
    /// <summary>With keys.</summary>
    public S3Client(AWSCredentials credentials, AmazonS3Config configuration)
        : base(credentials, configuration)
    {
    }

    /// <summary>With the machine's own role.</summary>
    public S3Client(AmazonS3Config configuration)
        : base(configuration)
    {
    }

    /// <inheritdoc/>
    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        ArgumentNullException.ThrowIfNull(pipeline);
        base.CustomizeRuntimePipeline(pipeline);
        pipeline.AddHandlerBefore<ChecksumHandler>(new DocumentDigest());
    }

    private sealed class DocumentDigest : PipelineHandler
    {
        private const string Md5Header = "Content-MD5";
        private const string AlgorithmHeader = "x-amz-sdk-checksum-algorithm";
        private const string ChecksumPrefix = "x-amz-checksum-";

        public override Task<T> InvokeAsync<T>(IExecutionContext executionContext)
        {
            var request = executionContext.RequestContext.Request;
            if (executionContext.RequestContext.OriginalRequest is not (PutObjectRequest or UploadPartRequest)
                && (request.Content ?? ReadAll(request.ContentStream)) is { Length: > 0 } document)
            {
#pragma warning disable CA5351 // It is the protocol's, against damage on the way, not against forgers.
                request.Headers[Md5Header] = Convert.ToBase64String(MD5.HashData(document));
#pragma warning restore CA5351
                request.ChecksumData = null;
                foreach (var name in request.Headers.Keys.Where(IsChecksum).ToList())
                {
                    request.Headers.Remove(name);
                }
            }

            return base.InvokeAsync<T>(executionContext);
        }

        // It is in memory, and is read again when it is sent.
        private static byte[]? ReadAll(Stream? content)
        {
            if (content is not { CanSeek: true })
            {
                return null;
            }

            using var copy = new MemoryStream();
            content.Position = 0;
            content.CopyTo(copy);
            content.Position = 0;
            return copy.ToArray();
        }

        private static bool IsChecksum(string header) =>
            header.Equals(AlgorithmHeader, StringComparison.OrdinalIgnoreCase) || header.StartsWith(ChecksumPrefix, StringComparison.OrdinalIgnoreCase);
    }
}
