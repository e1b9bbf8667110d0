namespace Bibind.ControlPlane.Secrets;

/// <summary>
/// Keeps secrets, encrypted at rest. Names are paths such as <c>tenants/17/administrator</c>, and a prefix covers
/// whole segments only: <c>tenants/1</c> never reaches the secrets of <c>tenants/17</c>.
/// </summary>
public interface ISecretStore
{
    /// <summary>Stores a value unless the name has one already; answers the value that is stored afterwards.</summary>
    Task<string> GetOrSetAsync(string name, Func<string> make, CancellationToken cancellationToken);

    /// <summary>Stores a value, replacing an earlier one.</summary>
    Task SetAsync(string name, string value, CancellationToken cancellationToken);

    /// <summary>The value, or null.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The master key is not the one it was stored with.</exception>
    Task<string?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Deletes every secret whose name begins with <paramref name="prefix"/>; answers how many.</summary>
    Task<int> DeleteAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>How many secrets have a name that begins with <paramref name="prefix"/>.</summary>
    Task<int> CountAsync(string prefix, CancellationToken cancellationToken);
}
