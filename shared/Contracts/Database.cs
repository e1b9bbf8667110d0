using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>What a clone did.</summary>
/// <param name="Bytes">Size of the new database.</param>
/// <param name="AlreadyThere">True if an earlier attempt had finished it.</param>
/// <param name="IsWarm">True if it is a ready clone that was renamed.</param>
public sealed record CloneResult(long Bytes, bool AlreadyThere, bool IsWarm = false);

/// <summary>The tenant's database.</summary>
public static class Database
{
    public static readonly ActivityDefinition<TenantDescriptor, CloneResult> Clone = new("database.clone", Policies.Act);
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Drop = new("database.drop", Policies.Undo);
}
