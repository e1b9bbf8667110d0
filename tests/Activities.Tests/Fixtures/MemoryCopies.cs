using Bibind.ControlPlane.Moves;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Tenants that have never moved, unless a test says so.</summary>
public sealed class MemoryCopies : IMovedCopies
{
    public IList<TenantMove> Moves { get; } = [];

    public Task<IReadOnlyList<TenantMove>> ListCopiesOfEndingAsync(long tenantId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TenantMove>>([.. Moves.Where(m => m.TenantId == tenantId && m.CopyServerId is not null)]);

    public Task ForgetCopyAsync(long moveId, CancellationToken cancellationToken)
    {
        foreach (var move in Moves.Where(m => m.Id == moveId).ToList())
        {
            Moves.Remove(move);
        }

        return Task.CompletedTask;
    }
}
