using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace Bibind.Activities.Storage.S3;

/// <summary>
/// An object as it comes from the server. A connection that breaks or falls silent is replaced by one that goes on where
/// it stopped, as long as the object is still the same.
/// </summary>
internal sealed class S3ReadStream : AsyncReadStream
{
    private const int MostFailuresInARow = 5;
    private static readonly TimeSpan SilenceLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private readonly S3Server _server;
    private readonly string _bucket;
    private readonly string _key;
    private readonly string _etag;
    private readonly long _length;
    private readonly TimeProvider _time;
    private GetObjectResponse? _answer;
    private long _position;
    private int _failures;

    private S3ReadStream(S3Server server, string bucket, string key, GetObjectResponse answer, TimeProvider time)
    {
        (_server, _bucket, _key, _answer, _time) = (server, bucket, key, answer, time);
        _etag = answer.ETag;
        _length = answer.ContentLength;
    }

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public static async Task<S3ReadStream> OpenAsync(S3Server server, string bucket, string key, TimeProvider time, CancellationToken cancellationToken) =>
        new(server, bucket, key, await server.Client.GetObjectAsync(new GetObjectRequest { BucketName = bucket, Key = key }, cancellationToken), time);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length == 0 || _position == _length)
        {
            return 0;
        }

        while (true)
        {
            try
            {
                _answer ??= await ReopenAsync(cancellationToken);
                var read = await ReadAnswerAsync(_answer.ResponseStream, buffer, cancellationToken);
                _position += read;
                _failures = 0;
                return read;
            }
            catch (Exception error) when (S3Errors.IsOfServer(error, cancellationToken))
            {
                CloseAnswer();
                if (++_failures > MostFailuresInARow || error is AmazonS3Exception { StatusCode: < HttpStatusCode.InternalServerError })
                {
                    throw Translate(error);
                }

                await Task.Delay(FirstPause * Math.Pow(2, _failures - 1), _time, cancellationToken);
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            CloseAnswer();
        }

        base.Dispose(disposing);
    }

    private static async Task<int> ReadAnswerAsync(Stream answer, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SilenceLimit);
        var read = await answer.ReadAsync(buffer, limit.Token);
        return read > 0 ? read : throw new EndOfStreamException("the object ended too soon");
    }

    // Another object under the same key must not be read on as if it were this one: the server refuses that.
    private Task<GetObjectResponse> ReopenAsync(CancellationToken cancellationToken) =>
        _server.Client.GetObjectAsync(
            new GetObjectRequest { BucketName = _bucket, Key = _key, EtagToMatch = _etag, ByteRange = new ByteRange(_position, _length - 1) },
            cancellationToken);

    private Exception Translate(Exception error) =>
        error is AmazonS3Exception { StatusCode: HttpStatusCode.PreconditionFailed }
            ? new TransientFailureException($"The object '{_key}' in the bucket '{_bucket}' was replaced while it was read.")
            : S3Errors.Translate(error, _server.Options, _bucket);

    private void CloseAnswer()
    {
        _answer?.Dispose();
        _answer = null;
    }
}
