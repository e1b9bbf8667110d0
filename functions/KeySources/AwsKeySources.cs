using System.Net;
using Amazon;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;
using Amazon.SimpleSystemsManagement;
using Amazon.SimpleSystemsManagement.Model;
using Bibind.Activities.Services;
using Bibind.ControlPlane.Secrets;
using KeyUnavailableException = Bibind.ControlPlane.Secrets.KeyUnavailableException;

namespace Bibind.Functions.KeySources;

/// <summary>Keys that AWS Key Management Service has wrapped: the settings hold the ciphertext, in base64, which only the service opens.</summary>
internal sealed class AwsKmsKeySource(AwsKeyOptions options) : IKeySource
{
    /// <inheritdoc/>
    public string Scheme => "aws-kms";

    /// <inheritdoc/>
    public Task<string> ReadAsync(string reference, CancellationToken cancellationToken)
    {
        var buffer = new byte[reference.Length];
        if (!Convert.TryFromBase64String(reference, buffer, out var length) || length == 0)
        {
            throw new KeyRefusedException("refers to no wrapped key: write it as aws-kms: and the CiphertextBlob, in base64, that the service answered");
        }

        return AwsClients.TranslateErrorsAsync("AWS Key Management Service", "holds a wrapped key", async () =>
        {
            using var client = new AmazonKeyManagementServiceClient(
                AwsClients.CredentialsOf(options), AwsClients.Configure(new AmazonKeyManagementServiceConfig(), options, options.KmsUrl));
            using var ciphertext = new MemoryStream(buffer, 0, length);
            using var plain = (await client.DecryptAsync(new DecryptRequest { CiphertextBlob = ciphertext }, cancellationToken)).Plaintext;
            return Convert.ToBase64String(plain.ToArray());
        });
    }
}

/// <summary>Keys in parameters of AWS Systems Manager: base64, as in the settings, best as a SecureString.</summary>
internal sealed class AwsParameterKeySource(AwsKeyOptions options) : IKeySource
{
    /// <inheritdoc/>
    public string Scheme => "aws-ssm";

    /// <inheritdoc/>
    public Task<string> ReadAsync(string reference, CancellationToken cancellationToken) => reference.Length == 0
        ? throw new KeyRefusedException("refers to no parameter: write it as aws-ssm:/bibind/master-key")
        : AwsClients.TranslateErrorsAsync("AWS Systems Manager", $"refers to the parameter {reference}", async () =>
        {
            using var client = new AmazonSimpleSystemsManagementClient(
                AwsClients.CredentialsOf(options), AwsClients.Configure(new AmazonSimpleSystemsManagementConfig(), options, options.SsmUrl));
            var answer = await client.GetParameterAsync(new GetParameterRequest { Name = reference, WithDecryption = true }, cancellationToken);
            return answer.Parameter.Value.Trim();
        });
}

/// <summary>What both services of AWS have in common.</summary>
internal static class AwsClients
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(3);

    /// <summary>The keys of the settings; null for those that the machine has.</summary>
    public static AWSCredentials? CredentialsOf(AwsKeyOptions options) =>
        options.AccessKeyId is { Length: > 0 } id ? new AwsCredentials(id, options.SecretAccessKey!, options.SessionToken).ForSdk() : null;

    /// <exception cref="KeyRefusedException">The region is not known.</exception>
    public static T Configure<T>(T client, AwsKeyOptions options, Uri? address)
        where T : ClientConfig
    {
        client.Timeout = CallLimit;
        client.MaxErrorRetry = 1;
        var region = options.Region is { Length: > 0 } name ? RegionEndpoint.GetBySystemName(name) : FallbackRegionFactory.GetRegionEndpoint();
        if (region is null)
        {
            throw new KeyRefusedException("refers to AWS, and neither Secrets__Aws__Region nor AWS_REGION says which region");
        }

        if (address is null)
        {
            client.RegionEndpoint = region;
        }
        else
        {
            client.ServiceURL = address.AbsoluteUri;
            client.AuthenticationRegion = region.SystemName;
        }

        return client;
    }

    /// <summary>Says in words what a service answered.</summary>
    /// <param name="service">Its name.</param>
    /// <param name="what">What the setting does, for messages that go on with what the service says of it.</param>
    /// <param name="request">Asks it.</param>
    public static async Task<string> TranslateErrorsAsync(string service, string what, Func<Task<string>> request)
    {
        try
        {
            return await request();
        }
        catch (AmazonServiceException answered) when (IsFinal(answered))
        {
            throw new KeyRefusedException($"{what}, and {service} refuses it: {Explain(answered)}", answered);
        }
        catch (AmazonServiceException away)
        {
            throw new KeyUnavailableException((int)away.StatusCode == 0 ? $"{service} cannot be reached" : $"{service} answered {(int)away.StatusCode} {away.ErrorCode}", away);
        }
        catch (Exception away) when (away is HttpRequestException or TimeoutException or TaskCanceledException { InnerException: TimeoutException })
        {
            throw new KeyUnavailableException($"{service} cannot be reached", away);
        }
        catch (AmazonClientException nobody)
        {
            throw new KeyUnavailableException($"this machine has no credentials for {service}: give it a role, or set Secrets__Aws__AccessKeyId and Secrets__Aws__SecretAccessKey", nobody);
        }
    }

    private static bool IsFinal(AmazonServiceException answered) =>
        answered.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError and not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests)
        && answered.ErrorCode is not ("ThrottlingException" or "KMSInternalException" or "DependencyTimeoutException" or "KeyUnavailableException");

    private static string Explain(AmazonServiceException answered) => answered.ErrorCode switch
    {
        "InvalidCiphertextException" or "IncorrectKeyException" => "it was not wrapped by a key of this account and region",
        "AccessDeniedException" => "this machine's role may not read it (AccessDeniedException)",
        "ParameterNotFound" => "there is no such parameter in this region",
        "DisabledException" or "KMSInvalidStateException" => "the wrapping key is disabled or about to be deleted",
        "UnrecognizedClientException" or "InvalidSignatureException" or "IncompleteSignature" or "MissingAuthenticationTokenException" or "ExpiredTokenException" =>
            $"the credentials are wrong or have expired ({answered.ErrorCode})",
        var code => $"{(int)answered.StatusCode} {code}",
    };
}
