using System.Net;
using System.Net.Sockets;
using Amazon.Runtime;
using Amazon.S3;
using Bibind.Durable;

namespace Bibind.Activities.Storage.S3;

/// <summary>Says in words what an S3 server answered, and whether trying again can help.</summary>
internal static class S3Errors
{
    public const string NoSuchBucket = "NoSuchBucket";
    public const string BucketAlreadyExists = "BucketAlreadyExists";
    public const string BucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou";
    public const string BucketNotEmpty = "BucketNotEmpty";
    public const string NoSuchTagSet = "NoSuchTagSet";
    public const string NoSuchUpload = "NoSuchUpload";

    /// <summary>Runs a request; what the server refuses comes out in words.</summary>
    /// <exception cref="PermanentFailureException">Trying again cannot help.</exception>
    /// <exception cref="TransientFailureException">Trying again may help.</exception>
    /// <exception cref="StorageFullException">There is no room.</exception>
    public static async Task<T> TranslateErrorsAsync<T>(S3Options server, string bucket, Func<Task<T>> request, CancellationToken cancellationToken)
    {
        try
        {
            return await request();
        }
        catch (Exception error) when (IsOfServer(error, cancellationToken))
        {
            throw Translate(error, server, bucket);
        }
    }

    /// <summary>True if it tells of the server or of the way there.</summary>
    public static bool IsOfServer(Exception error, CancellationToken cancellationToken) =>
        error is AmazonServiceException or AmazonClientException or HttpRequestException or IOException or SocketException
        || (error is OperationCanceledException or TimeoutException && !cancellationToken.IsCancellationRequested);

    /// <summary>The failure in words.</summary>
    public static Exception Translate(Exception error, S3Options server, string bucket) => error switch
    {
        AmazonServiceException { StatusCode: > 0 } answer => Answered(answer, $"The object store at {server.Where}", bucket),
        OperationCanceledException or TimeoutException => new TransientFailureException($"The object store at {server.Where} did not answer in time.", error),
        _ => new TransientFailureException($"The object store at {server.Where} cannot be reached: {Innermost(error).Message}", error),
    };

    /// <summary>True if the server does not know what was asked of it, and never will.</summary>
    public static bool IsUnknownToServer(AmazonS3Exception error) =>
        error.StatusCode is HttpStatusCode.NotImplemented or HttpStatusCode.MethodNotAllowed || error.ErrorCode is "NotImplemented" or "MethodNotAllowed";

    public static bool IsAbsent(AmazonS3Exception error) => error.StatusCode == HttpStatusCode.NotFound;

    private static Exception Answered(AmazonServiceException answer, string where, string bucket) => answer.ErrorCode switch
    {
        "InvalidAccessKeyId" or "SignatureDoesNotMatch" or "InvalidToken" or "ExpiredToken" =>
            new PermanentFailureException($"{where} refused our keys ({answer.ErrorCode}): Storage__S3__AccessKey or Storage__S3__SecretKey is wrong."),
        "AccessDenied" => new PermanentFailureException($"{where} does not let us work on the bucket '{bucket}' (AccessDenied)."),
        NoSuchBucket => new PermanentFailureException($"The bucket '{bucket}' does not exist."),
        BucketAlreadyExists => new ForeignBucketException(bucket),
        "QuotaExceeded" or "XMinioStorageFull" or "InsufficientCapacity" => new StorageFullException($"{where} answered {answer.ErrorCode}"),
        "RequestTimeTooSkewed" => new TransientFailureException($"{where} has another time than this machine: one of the two clocks is wrong."),
        "InvalidBucketName" or "TooManyBuckets" or "InvalidArgument" or "MalformedXML" or "EntityTooLarge" =>
            new PermanentFailureException($"{where} refused a request on the bucket '{bucket}': {answer.ErrorCode}."),
        _ when answer.StatusCode == HttpStatusCode.InsufficientStorage => new StorageFullException($"{where} answered {(int)answer.StatusCode}"),
        _ => new TransientFailureException($"{where} failed on the bucket '{bucket}': {(int)answer.StatusCode} {answer.ErrorCode}."),
    };

    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;
}
