using Bibind.Durable.Client;
using Bibind.Durable.Hubs;
using Bibind.Durable.Hubs.InMemory;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests;

public sealed class CompletionWaitersTests
{
    [Fact]
    public async Task A_wait_is_not_answered_by_a_question_that_was_asked_before_it()
    {
        await using var hub = new HeldQuestions(new InMemoryTaskHub());
        using var waiters = new CompletionWaiters(hub);
        var before = waiters.WaitAsync("rewound", CancellationToken.None);
        var asked = await hub.NextAsync();

        // The instance was read as failed, and is rewound before the answer arrives.
        var after = waiters.WaitAsync("rewound", CancellationToken.None);
        asked.SetResult(State(OrchestrationRuntimeStatus.Failed));

        Assert.Equal(OrchestrationRuntimeStatus.Failed, (await before).RuntimeStatus);
        (await hub.NextAsync()).SetResult(State(OrchestrationRuntimeStatus.Completed));
        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await after).RuntimeStatus);
    }

    private static OrchestrationState State(OrchestrationRuntimeStatus status) => new()
    {
        InstanceId = "rewound",
        ExecutionId = "1",
        Name = "Main",
        RuntimeStatus = status,
        CreatedAt = DateTimeOffset.UnixEpoch,
        LastUpdatedAt = DateTimeOffset.UnixEpoch,
    };

    /// <summary>Each question waits for the test to answer it.</summary>
    private sealed class HeldQuestions(ITaskHub inner) : DelegatingTaskHub(inner)
    {
        private readonly System.Threading.Channels.Channel<TaskCompletionSource<OrchestrationState>> _questions =
            System.Threading.Channels.Channel.CreateUnbounded<TaskCompletionSource<OrchestrationState>>();

        public async Task<TaskCompletionSource<OrchestrationState>> NextAsync() =>
            await _questions.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

        public override async Task<IReadOnlyDictionary<string, OrchestrationState>> GetInstancesAsync(
            IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
        {
            var question = new TaskCompletionSource<OrchestrationState>(TaskCreationOptions.RunContinuationsAsynchronously);
            await _questions.Writer.WriteAsync(question, cancellationToken);
            return new Dictionary<string, OrchestrationState> { [instanceIds.Single()] = await question.Task };
        }
    }
}
