namespace Bibind.Functions.Security;

/// <summary>What a caller may do; each role includes the ones before it.</summary>
public enum Role
{
    /// <summary>Sees everything that is not a secret.</summary>
    Viewer,

    /// <summary>Orders and operates tenants.</summary>
    Manager,

    /// <summary>Removes tenants, sees secrets once, and sets up servers and templates.</summary>
    Admin,
}

/// <summary>How roles are written.</summary>
public static class RoleNames
{
    /// <summary>As settings, tokens and the API write it.</summary>
    public static string ToName(this Role role) => role switch
    {
        Role.Viewer => "viewer",
        Role.Manager => "manager",
        _ => "admin",
    };
}
