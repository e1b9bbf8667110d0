using Bibind.Contracts;

namespace Bibind.Activities.Application;

/// <summary>A restored database that becomes a staging copy.</summary>
/// <param name="Place">The copy.</param>
/// <param name="AdministratorHash">Its administrator's password as the application stores it.</param>
/// <param name="UserHash">Its standard user's.</param>
/// <param name="Masking">What is masked.</param>
/// <param name="ModuleStatements">SQL by which its modules neutralise themselves; null where nobody could say.</param>
public sealed record StagingInput(
    TenantDescriptor Place, string AdministratorHash, string UserHash, IReadOnlyList<MaskingRule> Masking, string? ModuleStatements);
