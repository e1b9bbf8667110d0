namespace Bibind.ControlPlane.Secrets;

/// <summary>Shows secrets to a person, each of them once.</summary>
public interface IOneTimeReveal
{
    /// <summary>How long whoever was shown secrets may be shown them again: the answer may have been lost on its way.</summary>
    static readonly TimeSpan RepeatableFor = TimeSpan.FromMinutes(1);

    /// <summary>Shows the secrets below a prefix that were not shown yet, and marks them as shown.</summary>
    /// <param name="prefix">Such as <c>tenants/17</c>; whole segments.</param>
    /// <param name="names">The last segments that may be shown, such as <c>administrator</c>; every secret below the prefix unless given.</param>
    /// <param name="receiver">
    /// Tells the one who asks from everybody else, such as a hash of the caller's name and of a key that only this request has: for
    /// <see cref="RepeatableFor"/> the same is shown to it again. Null if there can be no repetition.
    /// </param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">The master key is not the one they were stored with; nothing counts as shown.</exception>
    Task<SecretsReveal> RevealOnceAsync(string prefix, IReadOnlyCollection<string>? names, string? receiver, CancellationToken cancellationToken);
}

/// <summary>What a reveal answered.</summary>
public abstract record SecretsReveal
{
    private SecretsReveal()
    {
    }

    /// <summary>The values, by the part of the name after the prefix. Never logged; <see cref="object.ToString"/> leaves the values out.</summary>
    /// <param name="Values">The values.</param>
    /// <param name="IsRepeated">True if all of them were shown to the same receiver a moment ago.</param>
    public sealed record Revealed(IReadOnlyDictionary<string, string> Values, bool IsRepeated = false) : SecretsReveal
    {
        /// <inheritdoc/>
        public override string ToString() => $"revealed: {string.Join(", ", Values.Keys)}";
    }

    /// <summary>They were shown before; nobody can see them again.</summary>
    public sealed record AlreadyRevealed(DateTimeOffset At) : SecretsReveal;

    /// <summary>There are none.</summary>
    public sealed record NoneThere : SecretsReveal;
}
