using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>The tenant's passwords: made at random, kept as secrets.</summary>
public static class Credentials
{
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Prepare = new("credentials.prepare", Policies.Act);
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Forget = new("credentials.forget", Policies.Undo);
}
