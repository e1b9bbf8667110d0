using Bibind.ControlPlane.Secrets;
using Bibind.Durable;

namespace Bibind.Activities.Credentials;

/// <summary>A tenant's passwords of tomorrow: kept under names of their own until the application has them.</summary>
internal static class NewPasswords
{
    public static string Administrator(long tenantId) => Prefix(tenantId) + "administrator";

    public static string AdministratorHash(long tenantId) => Prefix(tenantId) + "administrator-hash";

    public static string User(long tenantId) => Prefix(tenantId) + "user";

    /// <summary>What every name of them begins with.</summary>
    public static string Prefix(long tenantId) => TenantSecrets.Prefix(tenantId) + "new/";

    /// <exception cref="PermanentFailureException">It is not there.</exception>
    public static async Task<string> GetAsync(ISecretStore secrets, string name, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken)
        ?? throw new PermanentFailureException("The new passwords are not among the secrets; order them again.");
}
