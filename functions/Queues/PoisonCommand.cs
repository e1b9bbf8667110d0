using System.Globalization;
using Bibind.ControlPlane;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Settings;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Queues;

/// <summary>What operators do about poison queues: <c>Bibind.Functions queues poison</c> and <c>queues replay</c>, with the host's settings.</summary>
internal static class PoisonCommand
{
    /// <summary>The first argument that asks for it.</summary>
    public const string Command = "queues";

    private const string Usage = """
        Write: queues poison [--queue NAME] [--broker azure-storage|sqs]
               queues replay (--all | ID ...) [--queue NAME] [--broker azure-storage|sqs]
        """;

    /// <summary>Does what the arguments after <see cref="Command"/> say, with the settings that a host here would have; answers the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(arguments, FunctionsHost.ReadConfiguration(), output, errors, cancellationToken);
        }
        catch (SettingsException wrong)
        {
            await errors.WriteLineAsync(wrong.Message);
            return SettingsException.ExitCode;
        }
    }

    /// <summary>Does what the arguments after <see cref="Command"/> say; answers the exit code.</summary>
    /// <param name="arguments">After the first.</param>
    /// <param name="configuration">Settings <c>Queues:*</c>.</param>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> arguments, IConfiguration configuration, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        if (Wish.Read(arguments) is not { } wish)
        {
            await errors.WriteLineAsync(Usage);
            return SettingsException.ExitCode;
        }

        var settings = QueueSettings.Read(configuration, out var problems);
        var brokers = problems.Count > 0 ? [] : Open(settings).Where(b => wish.Broker is null || b.Name == wish.Broker).ToList();
        var queues = Declarations.For(HostKind.Azure).Queues.Select(q => q.Queue).Where(q => wish.Queue is null || q == wish.Queue).ToList();
        if (brokers.Count == 0 || queues.Count == 0)
        {
            await errors.WriteLineAsync(
                problems.Count > 0 ? string.Join('\n', problems)
                : queues.Count == 0 ? $"There is no queue '{wish.Queue}'."
                : "No such broker is set: Queues__AzureStorage__ConnectionString or Queues__Sqs__QueueUrlPrefix names one.");
            return SettingsException.ExitCode;
        }

        var failed = false;
        foreach (var (broker, queue) in brokers.SelectMany(b => queues.Select(q => (b, q))))
        {
            try
            {
                await RunAsync(wish, broker, queue, settings.CreateQueues, output, cancellationToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                failed = true;
                await errors.WriteLineAsync($"{PoisonQueue.NameOf(queue)} at {broker.Name}: {failure.Message}");
            }
        }

        foreach (var id in wish.Ids)
        {
            await errors.WriteLineAsync($"No message '{id}' was found.");
        }

        foreach (var broker in brokers.OfType<IDisposable>())
        {
            broker.Dispose();
        }

        return failed || wish.Ids.Count > 0 ? 1 : 0;
    }

    private static async Task RunAsync(Wish wish, IQueueBroker broker, string queue, bool create, TextWriter output, CancellationToken cancellationToken)
    {
        var replay = new PoisonReplay(broker, queue);
        if (create)
        {
            await broker.Open(PoisonQueue.NameOf(queue)).CreateAsync(cancellationToken);
        }

        if (wish.IsReplay)
        {
            await replay.ReplayAsync(e => wish.All || wish.Ids.Remove(e.Id), e => output.WriteLine($"sent back  {Line(e, broker, queue)}"), cancellationToken);
            return;
        }

        foreach (var entry in await replay.ListAsync(cancellationToken))
        {
            await output.WriteLineAsync(Line(entry, broker, queue));
        }
    }

    private static string Line(PoisonEntry entry, IQueueBroker broker, string queue) => string.Create(
        CultureInfo.InvariantCulture,
        $"{PlainText.Escape(entry.Id)}  {queue}  {broker.Name}  {(entry.At is { } at ? $"{at:u}" : "?")}  {entry.Attempts} attempts  {PlainText.Escape(entry.Reason.ReplaceLineEndings(" "))}");

    private static List<IQueueBroker> Open(QueueSettings settings)
    {
        List<IQueueBroker> brokers = [];
        if (settings.Storage is { } storage)
        {
            brokers.Add(new StorageBroker(storage));
        }

        if (settings.Sqs is { } sqs)
        {
            brokers.Add(new SqsBroker(sqs));
        }

        return brokers;
    }

    private sealed record Wish(bool IsReplay, bool All, HashSet<string> Ids, string? Queue, string? Broker)
    {
        public static Wish? Read(IReadOnlyList<string> arguments)
        {
            if (arguments is not ["poison" or "replay", ..])
            {
                return null;
            }

            var wish = new Wish(arguments[0] == "replay", false, new HashSet<string>(StringComparer.Ordinal), null, null);
            for (var i = 1; i < arguments.Count; i++)
            {
                var value = i + 1 < arguments.Count ? arguments[i + 1] : null;
                switch (arguments[i])
                {
                    case "--all":
                        wish = wish with { All = true };
                        break;
                    case "--queue" when value is not null:
                        (wish, i) = (wish with { Queue = value }, i + 1);
                        break;
                    case "--broker" when value is not null:
                        (wish, i) = (wish with { Broker = value }, i + 1);
                        break;
                    case var id when !id.StartsWith("--", StringComparison.Ordinal):
                        wish.Ids.Add(id);
                        break;
                    default:
                        return null;
                }
            }

            // Everything or some: neither by accident.
            return wish.IsReplay ? (wish.All ^ wish.Ids.Count > 0 ? wish : null) : wish is { All: false, Ids.Count: 0 } ? wish : null;
        }
    }
}
