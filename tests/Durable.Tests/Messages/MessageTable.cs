using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Messages;

/// <summary>What an instance is in the middle of when a message comes.</summary>
public enum Met
{
    /// <summary>Created; no worker has seen it.</summary>
    Pending,

    /// <summary>Told to start in an hour.</summary>
    Scheduled,

    /// <summary>Waiting for an event.</summary>
    Running,

    /// <summary>The same, suspended.</summary>
    Suspended,

    /// <summary>Ended with a result.</summary>
    Completed,

    /// <summary>Ended by a failure.</summary>
    Failed,

    /// <summary>Taken from all workers, with an event in its inbox that nobody has read.</summary>
    Quarantined,

    /// <summary>Failed and rewound; no worker has seen it since.</summary>
    Rewound,
}

/// <summary>What comes.</summary>
public enum Message
{
    /// <summary>The event <c>say x</c>.</summary>
    Event,

    /// <summary>A suspension.</summary>
    Suspend,

    /// <summary>Two of them, which one resume ends.</summary>
    SuspendTwice,

    /// <summary>A resumption.</summary>
    Resume,

    /// <summary>A termination.</summary>
    Terminate,

    /// <summary>Another first message, put right into the inbox.</summary>
    SecondStart,

    /// <summary>A rewind.</summary>
    Rewind,

    /// <summary>A restart under the same id.</summary>
    Restart,
}

/// <summary>Every message meets an instance in every state: what becomes of the instance, and what its code has heard at the end.</summary>
/// <remarks>
/// "Running: 1 x end" reads: afterwards it is Running, and once it is resumed and told <c>end</c>, its code has heard its input
/// 1, the event x and <c>end</c>. "Refused" is an exception for the sender; what follows became of the instance nevertheless.
/// </remarks>
public abstract class MessageTable
{
    private const string Id = "one";
    private static readonly TimeSpan UntilStart = TimeSpan.FromHours(1);

    // In the order of Message.
    private static readonly Dictionary<Met, string[]> Table = new()
    {
        [Met.Pending] =
        [
            "Running: 1 x end", "Suspended: 1 end", "Suspended: 1 end", "Running: 1 end",
            "Terminated: stop", "Running: 1 end", "Refused, Running: 1 end", "Refused, Running: 1 end",
        ],
        [Met.Scheduled] =
        [
            "Running: 1 x end", "Suspended: 1 end", "Suspended: 1 end", "Running: 1 end",
            "Terminated, never started: stop", "Running: 1 end", "Refused, Running: 1 end", "Refused, Running: 1 end",
        ],
        [Met.Running] =
        [
            "Running: 1 x end", "Suspended: 1 end", "Suspended: 1 end", "Running: 1 end",
            "Terminated: stop", "Running: 1 end", "Refused, Running: 1 end", "Refused, Running: 1 end",
        ],
        [Met.Suspended] =
        [
            "Suspended: 1 x end", "Suspended: 1 end", "Suspended: 1 end", "Running: 1 end",
            "Terminated: stop", "Suspended: 1 end", "Refused, Suspended: 1 end", "Refused, Suspended: 1 end",
        ],
        [Met.Completed] =
        [
            "Completed: 1 end", "Completed: 1 end", "Completed: 1 end", "Completed: 1 end",
            "Completed: 1 end", "Completed: 1 end", "Refused, Completed: 1 end", "Running: 1 end",
        ],
        [Met.Failed] =
        [
            "Failed: down", "Failed: down", "Failed: down", "Failed: down",
            "Failed: down", "Failed: down", "Running: 1 end", "Running: 1 end",
        ],
        [Met.Quarantined] =
        [
            "Running: 1 i x end", "Suspended: 1 i end", "Suspended: 1 i end", "Running: 1 i end",
            "Terminated: stop", "Running: 1 i end", "Refused, Running: 1 i end", "Refused, Running: 1 i end",
        ],
        [Met.Rewound] =
        [
            "Running: 1 x end", "Suspended: 1 end", "Suspended: 1 end", "Running: 1 end",
            "Terminated: stop", "Running: 1 end", "Refused, Running: 1 end", "Refused, Running: 1 end",
        ],
    };

    private int _starts;
    private volatile bool _isDown;

    public static TheoryData<Met, Message, bool> Rows()
    {
        var rows = new TheoryData<Met, Message, bool>();
        foreach (var state in Enum.GetValues<Met>())
        {
            foreach (var message in Enum.GetValues<Message>())
            {
                rows.Add(state, message, true);
                rows.Add(state, message, false);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_message_meets_an_instance(Met state, Message message, bool cached)
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<string?, string>("Check", _ => _isDown ? throw new InvalidOperationException("down") : "up")
            .Orchestrator<string, string>("Main", HearAsync)
            .Orchestrator<string?, string>("Other", (_, _) => Task.FromResult("done"));
        void Configure(TaskHubWorkerOptions options) => (options.MaxAttemptsWithoutTurn, options.CachedInstances) = (3, cached ? 100 : 0);
        await BringAsync(runtime, state, Configure);

        var isRefused = await IsRefusedAsync(SendAsync(runtime, message));

        var end = await LeaveAsync(runtime, state, message, Configure);
        Assert.Equal(Table[state][(int)message], isRefused ? $"Refused, {end}" : end);
    }

    protected abstract Task<TestRuntime> CreateAsync();

    /// <summary>Lets the time of a scheduled start come.</summary>
    protected abstract Task PassTimeAsync(TestRuntime runtime, TimeSpan time);

    private async Task<string> HearAsync(TaskOrchestrationContext context, string input)
    {
        if (!context.IsReplaying)
        {
            Interlocked.Increment(ref _starts);
        }

        var heard = input;
        await context.CallActivityAsync<string>("Check");
        context.SetCustomStatus("listens");
        while (true)
        {
            var said = await context.WaitForExternalEvent<string>("say");
            heard = $"{heard} {said}";
            if (said == "end")
            {
                return heard;
            }
        }
    }

    private async Task BringAsync(TestRuntime runtime, Met state, Action<TaskHubWorkerOptions> configure)
    {
        _isDown = state is Met.Failed or Met.Rewound;
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync(
            "Main", "1", new HubStartOptions { InstanceId = Id, StartAt = state == Met.Scheduled ? DateTimeOffset.UtcNow + UntilStart : null });
        if (state == Met.Pending)
        {
            return;
        }

        var worker = runtime.StartWorker(configure);
        switch (state)
        {
            case Met.Running:
                await ListensAsync(runtime);
                break;
            case Met.Suspended:
                await ListensAsync(runtime);
                await runtime.Client.SuspendInstanceAsync(Id, "hold");
                await IsAsync(runtime, OrchestrationRuntimeStatus.Suspended);
                break;
            case Met.Completed:
                await runtime.Client.RaiseEventAsync(Id, "say", "end");
                await runtime.EndAsync(Id);
                break;
            case Met.Failed or Met.Rewound:
                await runtime.EndAsync(Id);
                _isDown = false;
                if (state == Met.Rewound)
                {
                    await worker.StopAsync();
                    await runtime.Client.RewindInstanceAsync(Id, "mended");
                }

                break;
            case Met.Quarantined:
                await ListensAsync(runtime);
                await worker.StopAsync();
                await runtime.Client.RaiseEventAsync(Id, "say", "i");
                await CrashAsync(runtime, leases: 3);
                runtime.StartWorker(configure);
                await Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(Id))!.QuarantineReason is not null);
                break;
        }
    }

    private static async Task SendAsync(TestRuntime runtime, Message message)
    {
        switch (message)
        {
            case Message.Event:
                await runtime.Client.RaiseEventAsync(Id, "say", "x");
                break;
            case Message.Suspend:
                await runtime.Client.SuspendInstanceAsync(Id, "wait");
                break;
            case Message.SuspendTwice:
                await runtime.Client.SuspendInstanceAsync(Id, "wait");
                await runtime.Client.SuspendInstanceAsync(Id, "wait more");
                break;
            case Message.Resume:
                await runtime.Client.ResumeInstanceAsync(Id, "go on");
                break;
            case Message.Terminate:
                await runtime.Client.TerminateInstanceAsync(Id, "stop");
                break;
            case Message.SecondStart:
                await runtime.Hub.SendAsync(
                    Id, new ExecutionStartedEvent { Name = "Main", Input = "\"2\"", InstanceId = Id, ExecutionId = "second" }, CancellationToken.None);
                break;
            case Message.Rewind:
                await runtime.Client.RewindInstanceAsync(Id, "again");
                break;
            case Message.Restart:
                await runtime.Client.RestartAsync(Id);
                break;
        }
    }

    // Out of the state, so that the message is read, and on to the end.
    private async Task<string> LeaveAsync(TestRuntime runtime, Met state, Message message, Action<TaskHubWorkerOptions> configure)
    {
        switch (state)
        {
            case Met.Pending or Met.Rewound:
                runtime.StartWorker(configure);
                break;
            case Met.Quarantined:
                await runtime.Client.ReleaseQuarantinedAsync(Id);
                break;
            case Met.Scheduled when message != Message.Terminate:
                // A worker that has run something since would have found the message, were it there to be found.
                await runtime.RunAsync("Other");
                Assert.Equal(OrchestrationRuntimeStatus.Pending, (await runtime.Client.GetStateAsync(Id))!.RuntimeStatus);
                await PassTimeAsync(runtime, UntilStart);
                break;
        }

        var expected = Enum.Parse<OrchestrationRuntimeStatus>(Table[state][(int)message].Replace("Refused, ", string.Empty, StringComparison.Ordinal).Split(',', ':')[0]);
        var settled = await IsAsync(runtime, expected);
        if (settled.IsCompleted)
        {
            var never = settled.RuntimeStatus == OrchestrationRuntimeStatus.Terminated && _starts == 0 ? ", never started" : string.Empty;
            return $"{settled.RuntimeStatus}{never}: {settled.FailureDetails?.Root.ErrorMessage ?? settled.SerializedOutput?.Trim('"')}";
        }

        if (settled.RuntimeStatus == OrchestrationRuntimeStatus.Suspended)
        {
            await runtime.Client.ResumeInstanceAsync(Id, "enough");
        }

        await runtime.Client.RaiseEventAsync(Id, "say", "end");
        return $"{settled.RuntimeStatus}: {(await runtime.EndAsync(Id)).ReadOutputAs<string>()}";
    }

    private static async Task<bool> IsRefusedAsync(Task sending)
    {
        try
        {
            await sending;
            return false;
        }
        catch (Exception refusal) when (refusal is InvalidOperationException or OrchestrationAlreadyExistsException)
        {
            return true;
        }
    }

    private static Task<OrchestrationState> IsAsync(TestRuntime runtime, OrchestrationRuntimeStatus status) => Eventually.UntilAsync(
        async () => (await runtime.Client.GetStateAsync(Id))!, s => s.RuntimeStatus == status, TimeSpan.FromSeconds(20), $"the instance is {status}");

    private static Task ListensAsync(TestRuntime runtime) =>
        Eventually.TrueAsync(async () => (await runtime.Client.GetStateAsync(Id))!.SerializedCustomStatus is not null);

    // A worker that dies after each lease, as the hub sees it.
    private static async Task CrashAsync(TestRuntime runtime, int leases)
    {
        for (var lease = 0; lease < leases; lease++)
        {
            await Eventually.TrueAsync(async () => (await runtime.Hub.LeaseAsync(
                new LeaseRequest("dies", 1, 0, TimeSpan.FromMilliseconds(1), []), CancellationToken.None)).Instances.Count == 1);
        }
    }
}
