namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Names that are not ours and that belong where settings are written all the same: the platforms' and the framework's.</summary>
internal static class PlatformNames
{
    private static readonly string[] Prefixes =
    [
        "AzureWebJobs", "AzureFunctions", "FUNCTIONS_", "WEBSITE", "APPSETTING_", "APPINSIGHTS_", "APPLICATIONINSIGHTS_", "SCM_", "AWS_", "LAMBDA_",
        "ASPNETCORE_", "DOTNET_", "OTEL_", "BIBIND_", "_",
    ];

    private static readonly string[] Roots =
    [
        "Logging", "Kestrel", "AllowedHosts", "Environment", "ContentRoot", "ApplicationName", "hostBuilder", "HTTP_PORTS", "HTTPS_PORTS",
        // What the Functions host hands to its worker, by the command line, and what the worker makes of it.
        "Functions", "functions-uri", "functions-worker-id", "functions-request-id", "functions-grpc-max-message-length",
        "host", "port", "workerId", "requestId", "grpcMaxMessageLength",
    ];

    public static bool Has(string key) =>
        Prefixes.Any(p => key.StartsWith(p, StringComparison.OrdinalIgnoreCase)) || Roots.Contains(key.Split(':')[0], StringComparer.OrdinalIgnoreCase);
}
