using System.Buffers;
using Amazon.S3;
using Amazon.S3.Model;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Storage.S3;

/// <summary>
/// Stores a stream of unknown length, whole or not at all. What fits into one part is one request; the rest goes in parts
/// that the server puts together at the end. At most three parts are in memory.
/// </summary>
internal sealed class S3Upload(S3Server server, string bucket, string key, ILogger logger)
{
    private const int SmallBytes = 128 * 1024;
    private const int FirstPartBytes = 5 * 1024 * 1024;
    private const int PartsOfOneSize = 2000;
    private const int PartsInFlight = 2;
    private const int MostUploads = 4;
    private static readonly TimeSpan AbortLimit = TimeSpan.FromSeconds(30);

    // Bounds the memory of a process, however many uploads are asked of it.
    private static readonly SemaphoreSlim Gate = new(MostUploads);

    // Both are changed by parts that end on any thread. The buffers are ours alone: the shared pool would keep one of 8 MiB for
    // each thread that ever returned one.
    private readonly List<PartETag> _parts = [];
    private readonly Stack<byte[]> _buffers = [];
    private readonly Queue<Task> _underWay = [];
    private string _uploadId = string.Empty;

    /// <summary>Stores the content; answers its size.</summary>
    public async Task<long> RunAsync(Stream content, CancellationToken cancellationToken)
    {
        var small = ArrayPool<byte>.Shared.Rent(SmallBytes);
        try
        {
            var read = await FillAsync(content, small.AsMemory(0, SmallBytes), cancellationToken);
            if (read < SmallBytes)
            {
                await PutAsync(small, read, cancellationToken);
                return read;
            }

            await Gate.WaitAsync(cancellationToken);
            try
            {
                return await PutLargeAsync(small.AsMemory(0, read), content, cancellationToken);
            }
            finally
            {
                Gate.Release();
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(small);
        }
    }

    // S3 takes at most 10,000 parts, of 5 MiB at least: they grow, so that small ones do for 10 GB and an object may have 300 GB.
    internal static int PartBytes(int number) => FirstPartBytes << ((number - 1) / PartsOfOneSize);

    private async Task<long> PutLargeAsync(ReadOnlyMemory<byte> start, Stream content, CancellationToken cancellationToken)
    {
        var buffer = TakeBuffer(1);
        start.CopyTo(buffer);
        var length = start.Length + await FillAsync(content, buffer.AsMemory(start.Length), cancellationToken);
        if (length < buffer.Length)
        {
            await PutAsync(buffer, length, cancellationToken);
            return length;
        }

        _uploadId = (await server.Client.InitiateMultipartUploadAsync(bucket, key, cancellationToken)).UploadId;
        try
        {
            return await PutPartsAsync(buffer, length, content, cancellationToken);
        }
        catch
        {
            await AbortAsync();
            throw;
        }
    }

    private async Task<long> PutPartsAsync(byte[] buffer, int length, Stream content, CancellationToken cancellationToken)
    {
        // One part's failure ends the others too.
        using var ours = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long total = 0;
        try
        {
            for (var number = 1; length > 0; number++)
            {
                total += length;
                _underWay.Enqueue(PutPartAsync(number, buffer, length, ours.Token));
                if (_underWay.Count == PartsInFlight)
                {
                    await _underWay.Dequeue();
                }

                if (length < PartBytes(number))
                {
                    break;
                }

                buffer = TakeBuffer(number + 1);
                length = await FillAsync(content, buffer, ours.Token);
            }

            await Task.WhenAll(_underWay);
        }
        catch
        {
            await ours.CancelAsync();
            // They are reported by what is thrown already.
            await Task.WhenAll(_underWay).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }

        await server.Client.CompleteMultipartUploadAsync(
            new CompleteMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = _uploadId, PartETags = [.. _parts.OrderBy(p => p.PartNumber)] },
            cancellationToken);
        return total;
    }

    private async Task PutPartAsync(int number, byte[] buffer, int length, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new MemoryStream(buffer, 0, length, writable: false);
            var answer = await server.Client.UploadPartAsync(
                new UploadPartRequest
                {
                    BucketName = bucket,
                    Key = key,
                    UploadId = _uploadId,
                    PartNumber = number,
                    PartSize = length,
                    InputStream = content,
                    UseChunkEncoding = false,
                    DisablePayloadSigning = server.IsEncrypted,
                },
                cancellationToken);
            lock (_parts)
            {
                _parts.Add(new PartETag(number, answer.ETag));
            }
        }
        finally
        {
            lock (_parts)
            {
                _buffers.Push(buffer);
            }
        }
    }

    private byte[] TakeBuffer(int part)
    {
        lock (_parts)
        {
            while (_buffers.TryPop(out var buffer))
            {
                if (buffer.Length == PartBytes(part))
                {
                    return buffer;
                }
            }
        }

        return GC.AllocateUninitializedArray<byte>(PartBytes(part));
    }

    private async Task PutAsync(byte[] buffer, int length, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(buffer, 0, length, writable: false);
        await server.Client.PutObjectAsync(
            new PutObjectRequest
            {
                BucketName = bucket,
                Key = key,
                InputStream = content,
                AutoCloseStream = false,
                UseChunkEncoding = false,
                DisablePayloadSigning = server.IsEncrypted,
            },
            cancellationToken);
    }

    private static async Task<int> FillAsync(Stream content, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ContentFailedException(failed);
        }
    }

    // Not with our caller's token: what failed because it was cancelled must be cleared away too.
    private async Task AbortAsync()
    {
        using var limit = new CancellationTokenSource(AbortLimit);
        try
        {
            await server.Client.AbortMultipartUploadAsync(bucket, key, _uploadId, limit.Token);
        }
        catch (AmazonS3Exception gone) when (gone.ErrorCode == S3Errors.NoSuchUpload)
        {
            // It is complete or away already.
        }
        catch (Exception failed) when (S3Errors.IsOfServer(failed, CancellationToken.None))
        {
            // What failed before is what is reported; the bucket's lifecycle ends uploads that nobody finishes.
            logger.UploadLeft(bucket, key, failed);
        }
    }
}

/// <summary>What is to be stored failed, not the store: the inner exception is for the caller as it is.</summary>
internal sealed class ContentFailedException(Exception reason) : Exception(reason.Message, reason);
