using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>The tenant's DNS record.</summary>
public static class Dns
{
    public static readonly ActivityDefinition<TenantDescriptor, Unit> CreateRecord = new("dns.create_record", Policies.Act);
    public static readonly ActivityDefinition<TenantDescriptor, Unit> DeleteRecord = new("dns.delete_record", Policies.Undo);
}
