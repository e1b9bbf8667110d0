namespace Bibind.ControlPlane.Servers;

/// <summary>What became of a registration.</summary>
public abstract record ServerCreationResult;

/// <summary>The server is there, as a draft.</summary>
public sealed record ServerCreated(Server Server) : ServerCreationResult;

/// <summary>The server is not there.</summary>
/// <param name="Field">The field that is in the way: <c>code</c> or <c>url</c>.</param>
/// <param name="Message">Why, and what would help.</param>
public sealed record ServerRefused(string Field, string Message) : ServerCreationResult;

/// <summary>What became of a change of state.</summary>
public abstract record ServerStateResult;

/// <summary>The server has the state; <paramref name="Changed"/> is false if it had it before.</summary>
public sealed record ServerStateSet(Server Server, bool Changed) : ServerStateResult;

/// <summary>The server keeps its state.</summary>
public sealed record ServerStateRefused(ServerStateRefusal Kind, string Message) : ServerStateResult;

/// <summary>Why a state was not set.</summary>
public enum ServerStateRefusal
{
    /// <summary>There is no such server.</summary>
    NotFound,

    /// <summary>The state does not lead to the wanted one.</summary>
    NotAllowed,

    /// <summary>It has tenants.</summary>
    HasTenants,
}
