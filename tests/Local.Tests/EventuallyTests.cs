using Bibind.Testing;
using Xunit;

namespace Bibind.Local.Tests;

public sealed class EventuallyTests
{
    [Fact]
    public async Task A_condition_that_never_holds_fails_with_what_was_waited_for_and_what_was_seen()
    {
        var failure = await Assert.ThrowsAsync<TimeoutException>(
            () => Eventually.UntilAsync(() => Task.FromResult("running"), state => state == "succeeded", TimeSpan.FromMilliseconds(20), "the job succeeds"));

        Assert.Equal("Waited 0.08 s in vain until the job succeeds. Last seen: running", failure.Message);
    }
}
