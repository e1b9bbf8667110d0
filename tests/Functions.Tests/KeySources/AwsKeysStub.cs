using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Functions.Tests.KeySources;

/// <summary>
/// <c>Decrypt</c> of AWS Key Management Service and <c>GetParameter</c> of Systems Manager, as their documentation describes them: JSON 1.1 with the
/// operation in a header, Signature Version 4 checked over the whole request, and their errors.
/// </summary>
internal sealed partial class AwsKeysStub : IAsyncDisposable
{
    public const string AccessKeyId = "AKIDEXAMPLE";
    public const string SecretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    public const string Region = "eu-west-3";
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, byte[]> _wrapped = new(StringComparer.Ordinal);

    private AwsKeysStub(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    /// <summary>SecureStrings by name.</summary>
    public ConcurrentDictionary<string, string> Parameters { get; } = new(StringComparer.Ordinal);

    /// <summary>The operations that were asked for.</summary>
    public ConcurrentQueue<string> Calls { get; } = new();

    /// <summary>Answers with this instead, if set.</summary>
    public (int Status, string Type)? Fails { get; set; }

    public string[] Settings =>
    [
        $"--Secrets:Aws:Region={Region}", $"--Secrets:Aws:AccessKeyId={AccessKeyId}", $"--Secrets:Aws:SecretAccessKey={SecretAccessKey}",
        $"--Secrets:Aws:KmsUrl={Url}", $"--Secrets:Aws:SsmUrl={Url}",
    ];

    public static async Task<AwsKeysStub> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var stub = new AwsKeysStub(app);
        app.Run(stub.AnswerAsync);
        await app.StartAsync();
        return stub;
    }

    /// <summary>Wraps a key; answers the <c>CiphertextBlob</c> in base64.</summary>
    public string Wrap(byte[] key)
    {
        var ciphertext = Convert.ToBase64String(RandomNumberGenerator.GetBytes(150));
        _wrapped[ciphertext] = key;
        return ciphertext;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var buffer = new MemoryStream();
        await http.Request.Body.CopyToAsync(buffer);
        var target = http.Request.Headers["X-Amz-Target"].ToString();
        Calls.Enqueue(target);
        var (status, type, body) = Decide(http.Request, target, buffer.ToArray());
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/x-amz-json-1.1";
        http.Response.Headers["x-amzn-RequestId"] = Guid.NewGuid().ToString();
        await http.Response.WriteAsync(type is null ? JsonSerializer.Serialize(body) : JsonSerializer.Serialize(new { __type = type, message = "no" }));
    }

    private (int Status, string? Error, object? Body) Decide(HttpRequest request, string target, byte[] body)
    {
        if (Fails is var (status, type))
        {
            return (status, type, null);
        }

        var service = target.StartsWith("TrentService.", StringComparison.Ordinal) ? "kms" : "ssm";
        if (request.Method != HttpMethods.Post || request.Path != "/" || request.ContentType != "application/x-amz-json-1.1")
        {
            return (404, "UnknownOperationException", null);
        }

        if (FindSignatureFault(request, service, body) is { } fault)
        {
            return (fault == "UnrecognizedClientException" ? 400 : 403, fault, null);
        }

        using var document = JsonDocument.Parse(body);
        var asked = document.RootElement;
        switch (target)
        {
            case "TrentService.Decrypt":
                return !_wrapped.TryGetValue(asked.GetProperty("CiphertextBlob").GetString()!, out var plain)
                    ? (400, "InvalidCiphertextException", null)
                    : (200, null, new { KeyId = $"arn:aws:kms:{Region}:111122223333:key/1234abcd", Plaintext = Convert.ToBase64String(plain), EncryptionAlgorithm = "SYMMETRIC_DEFAULT" });
            case "AmazonSSM.GetParameter":
                var name = asked.GetProperty("Name").GetString()!;
                var isOpened = asked.TryGetProperty("WithDecryption", out var with) && with.GetBoolean();
                return !Parameters.TryGetValue(name, out var value)
                    ? (400, "ParameterNotFound", null)
                    : (200, null, new { Parameter = new { Name = name, Type = "SecureString", Value = isOpened ? value : "AQICAHh-still-encrypted", Version = 1 } });
            default:
                return (400, "UnknownOperationException", null);
        }
    }

    private static string? FindSignatureFault(HttpRequest request, string service, byte[] body)
    {
        if (Authorization().Match(request.Headers.Authorization.ToString()) is not { Success: true } given)
        {
            return "MissingAuthenticationTokenException";
        }

        var (scope, time) = (given.Groups["scope"].Value, request.Headers["X-Amz-Date"].ToString());
        if (given.Groups["id"].Value != AccessKeyId)
        {
            return "UnrecognizedClientException";
        }

        if (scope != $"{time[..8]}/{Region}/{service}/aws4_request"
            || (DateTimeOffset.UtcNow - DateTimeOffset.ParseExact(time, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)).Duration() > TimeSpan.FromMinutes(5))
        {
            return "InvalidSignatureException";
        }

        var signed = given.Groups["headers"].Value.Split(';');
        if (!signed.Contains("host") || !signed.Contains("x-amz-date") || !signed.Contains("x-amz-target"))
        {
            return "IncompleteSignature";
        }

        var headers = string.Concat(signed.Select(h => $"{h}:{request.Headers[h].ToString().Trim()}\n"));
        var canonical = $"{request.Method}\n/\n\n{headers}\n{string.Join(';', signed)}\n{Convert.ToHexStringLower(SHA256.HashData(body))}";
        var toSign = $"AWS4-HMAC-SHA256\n{time}\n{scope}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var key = scope.Split('/').Aggregate(Encoding.UTF8.GetBytes($"AWS4{SecretAccessKey}"), (k, part) => HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign))) == given.Groups["signature"].Value ? null : "InvalidSignatureException";
    }

    [GeneratedRegex("^AWS4-HMAC-SHA256 Credential=(?<id>[^/]+)/(?<scope>[^,]+), ?SignedHeaders=(?<headers>[^,]+), ?Signature=(?<signature>[0-9a-f]{64})$")]
    private static partial Regex Authorization();
}
