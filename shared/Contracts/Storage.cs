using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>The tenant's bucket.</summary>
public static class Storage
{
    public static readonly ActivityDefinition<TenantDescriptor, Unit> CreateBucket = new("storage.create_bucket", Policies.Act);
    public static readonly ActivityDefinition<TenantDescriptor, Unit> DeleteBucket = new("storage.delete_bucket", Policies.Undo);

    /// <summary>Gives every tenant's bucket the quota of its plan; how many had another.</summary>
    public static readonly ActivityDefinition<Unit, int> FollowQuotas = new("storage.follow_quotas", Policies.Round);
}
