using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>What a copy of a template's file store did.</summary>
/// <param name="Files">How many files the new store has.</param>
/// <param name="Bytes">Their size together.</param>
/// <param name="AlreadyThere">True if an earlier attempt had finished it.</param>
public sealed record FileStoreCopied(long Files, long Bytes, bool AlreadyThere);

/// <summary>The files that go with the tenant's database, where the installation keeps such (<see cref="TenantDescriptor.HasFileStore"/>).</summary>
public static class FileStore
{
    public static readonly ActivityDefinition<TenantDescriptor, FileStoreCopied> Copy = new("filestore.copy", Policies.Act);
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Remove = new("filestore.remove", Policies.Undo);
}
