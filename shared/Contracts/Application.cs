using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>A step that may be put off without failing the order.</summary>
/// <param name="Done">True if it is done.</param>
/// <param name="Note">Why not, or what remains, in words.</param>
public sealed record StepOutcome(bool Done, string? Note = null);

/// <summary>The application inside the tenant's database.</summary>
public static class Application
{
    /// <summary>Gives the clone its own identity by SQL, before the application can see the database.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Configure = new("application.configure", Policies.Act);

    /// <summary>Gives a restored copy of another tenant's database its own identity by SQL, before the application can see it.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Adopt = new("application.adopt", Policies.Act);

    /// <summary>Lets the application see the database: hands over the ownership that was held back.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> HandOver = new("application.hand_over", Policies.Act);

    /// <summary>Makes the standard user by RPC when the application server answers.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, StepOutcome> CreateStandardUser = new("application.create_standard_user", Policies.Brief);
    public static readonly ActivityDefinition<TenantDescriptor, StepOutcome> SmokeTest = new("application.smoke_test", Policies.Brief);

    /// <summary>Tells the application its public address, <c>BaseUrl</c>, for the links that it writes.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> SetAddress = new("application.set_address", Policies.Act);

    /// <summary>The same as an undo.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> ResetAddress = new("application.reset_address", Policies.Undo);
}
