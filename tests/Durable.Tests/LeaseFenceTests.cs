namespace Bibind.Durable.Tests;

public sealed class LeaseFenceTests
{
    [Fact]
    public async Task Only_a_cleanup_that_says_so_passes_without_the_lease()
    {
        await LeaseFence.EnsureHeldAsync();
        LeaseFence.Set(() => throw new OperationCanceledException("lost"));

        await Assert.ThrowsAsync<OperationCanceledException>(() => LeaseFence.EnsureHeldAsync());
        using (LeaseFence.SuspendForCleanup())
        {
            await LeaseFence.EnsureHeldAsync();
            using (LeaseFence.SuspendForCleanup())
            {
                await LeaseFence.EnsureHeldAsync();
            }

            await LeaseFence.EnsureHeldAsync();
        }

        await Assert.ThrowsAsync<OperationCanceledException>(() => LeaseFence.EnsureHeldAsync());
    }
}
