namespace Bibind.Activities.Dns;

/// <summary>
/// A zone at a provider, as it is: reads record sets with their marks and changes them. What may be changed is decided
/// by <see cref="ZoneRecords"/>, never here.
/// </summary>
internal interface IZoneProvider
{
    /// <summary>What two of our changes must not work on at once: the name, or the whole zone where its server cannot.</summary>
    string LockOf(string name);

    /// <summary>Every record set at exactly this name, as the provider answers now.</summary>
    /// <param name="name">Lower case, without the dot at the end.</param>
    /// <param name="ours">The types that may be ours: of these the marks are read too, and a set of which only the mark is left.</param>
    Task<IReadOnlyList<RecordSet>> ReadAsync(string name, IReadOnlyList<string> ours, CancellationToken cancellationToken);

    /// <summary>Makes the changes with their marks: all or none where the provider can; else marks come first and go last.</summary>
    /// <exception cref="ZoneChangedException">The records are not as they were read.</exception>
    Task ChangeAsync(IReadOnlyList<RecordSetChange> changes, CancellationToken cancellationToken);
}

/// <summary>Somebody changed the records after they had been read: read them again.</summary>
internal sealed class ZoneChangedException(string message) : Exception(message);
