namespace Bibind.Activities.FileStores;

/// <summary>A file that a database names in its file store.</summary>
/// <param name="Name">Its path in the store, with slashes.</param>
/// <param name="Bytes">Its size, where the database says it.</param>
public sealed record NamedFile(string Name, long? Bytes);
