using System.Globalization;
using Bibind.Contracts;

namespace Bibind.Activities.Credentials;

/// <summary>Under which names a tenant's secrets are stored, and the logins that go with them.</summary>
public static class TenantSecrets
{
    /// <summary>The administrator's login in every tenant.</summary>
    public const string AdministratorLogin = "admin";

    /// <summary>What every name of the tenant's secrets begins with.</summary>
    public static string Prefix(long tenantId) => string.Create(CultureInfo.InvariantCulture, $"tenants/{tenantId}/");

    /// <summary>The administrator's password.</summary>
    public static string Administrator(long tenantId) => Prefix(tenantId) + "administrator";

    /// <summary>The administrator's password as the application stores it.</summary>
    public static string AdministratorHash(long tenantId) => Prefix(tenantId) + "administrator-hash";

    /// <summary>The standard user's password.</summary>
    public static string User(long tenantId) => Prefix(tenantId) + "user";

    /// <summary>The tenant's own keys at the object store.</summary>
    public static string Storage(long tenantId) => Prefix(tenantId) + "storage";

    /// <summary>The password of the tenant's own role in PostgreSQL.</summary>
    public static string DatabaseRole(long tenantId) => Prefix(tenantId) + "database-role";

    /// <summary>The standard user's login: the customer's e-mail address, else, and where that is the administrator's login, <c>user@host</c>.</summary>
    public static string UserLogin(TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return string.IsNullOrWhiteSpace(place.CustomerEmail) || string.Equals(place.CustomerEmail, AdministratorLogin, StringComparison.OrdinalIgnoreCase)
            ? $"user@{place.Host}"
            : place.CustomerEmail;
    }
}
