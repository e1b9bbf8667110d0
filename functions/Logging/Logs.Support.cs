namespace Bibind.Functions.Logging;

/// <summary>What is said about operators in tenants' applications.</summary>
internal static partial class Logs
{
    [LoggerMessage(2443, LogLevel.Information, "{Who} decided (granted: {IsGranted}) about support access {AccessId} to tenant {Code}.")]
    public static partial void SupportDecided(ILogger logger, string who, bool isGranted, long accessId, string code);

    [LoggerMessage(2444, LogLevel.Information, "{Who} revoked support access {AccessId} to tenant {Code}.")]
    public static partial void SupportRevoked(ILogger logger, string who, long accessId, string code);

    [LoggerMessage(2445, LogLevel.Warning, "{Who} was shown the credentials of support access {AccessId} to tenant {Code}.")]
    public static partial void SupportCredentialsShown(ILogger logger, string who, long accessId, string code);
}
