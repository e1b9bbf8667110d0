namespace Bibind.Functions.Health;

/// <summary>One thing the host needs to do its work.</summary>
public interface IReadinessCheck
{
    /// <summary>What it is called in the answer.</summary>
    string Name { get; }

    /// <summary>True if the host does its work all the same: a fault is shown, and the host is ready.</summary>
    bool IsWarning => false;

    /// <summary>What is missing, in words; null if nothing is. May throw: that counts as missing.</summary>
    Task<string?> FindFaultAsync(CancellationToken cancellation);
}
