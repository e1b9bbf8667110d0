namespace Bibind.ControlPlane.Secrets;

/// <summary>Shows secrets to a person, each of them once.</summary>
public interface IOneTimeReveal
{
    /// <summary>Shows the secrets below a prefix that were not shown yet, and marks them as shown.</summary>
    /// <param name="prefix">Such as <c>tenants/17</c>; whole segments.</param>
    /// <param name="names">The last segments that may be shown, such as <c>administrator</c>; every secret below the prefix unless given.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The master key is not the one they were stored with; nothing counts as shown.</exception>
    Task<SecretsReveal> RevealOnceAsync(string prefix, IReadOnlyCollection<string>? names, CancellationToken cancellationToken);
}

/// <summary>What a reveal answered.</summary>
public abstract record SecretsReveal
{
    private SecretsReveal()
    {
    }

    /// <summary>The values, by the part of the name after the prefix. Never logged; <see cref="object.ToString"/> leaves the values out.</summary>
    public sealed record Revealed(IReadOnlyDictionary<string, string> Values) : SecretsReveal
    {
        /// <inheritdoc/>
        public override string ToString() => $"revealed: {string.Join(", ", Values.Keys)}";
    }

    /// <summary>They were shown before; nobody can see them again.</summary>
    public sealed record AlreadyRevealed(DateTimeOffset At) : SecretsReveal;

    /// <summary>There are none.</summary>
    public sealed record NoneThere : SecretsReveal;
}
