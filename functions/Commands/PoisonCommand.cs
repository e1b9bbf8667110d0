using System.CommandLine;
using System.Globalization;
using Bibind.ControlPlane;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Settings;

namespace Bibind.Functions.Commands;

/// <summary>What operators do about poison queues: <c>Bibind.Functions queues poison</c>, <c>queues replay</c> and <c>queues delete</c>, with the host's settings.</summary>
internal static class PoisonCommand
{
    /// <summary>The first argument that asks for it.</summary>
    public const string Name = "queues";

    /// <summary>The command, with the settings <c>Queues:*</c> of a host.</summary>
    public static Command Define(Func<IConfiguration> configuration)
    {
        var queue = new Option<string?>("--queue") { Description = "One queue; all of them otherwise.", HelpName = "NAME" };
        var broker = new Option<string?>("--broker") { Description = "One broker; all that are set otherwise." };
        broker.AcceptOnlyFromAmong(StorageBroker.BrokerName, SqsBroker.BrokerName);
        var all = new Option<bool>("--all") { Description = "Every letter." };
        var ids = new Argument<string[]>("ID") { Arity = ArgumentArity.ZeroOrMore, Description = "Letters, as 'queues poison' lists them." };
        var list = new Command("poison", "Lists what lies in the poison queues, with its reason.") { queue, broker };
        list.SetAction((line, token) => RunAsync(
            new Wish(WishKind.List, All: false, [], line.GetValue(queue), line.GetValue(broker)), configuration(), line.InvocationConfiguration, token));
        return new Command(Name, "What operators do about poison queues.")
        {
            list,
            Make("replay", "Sends letters back to their queue.", WishKind.Replay),
            Make("delete", "Deletes letters for good.", WishKind.Delete),
        };

        Command Make(string name, string description, WishKind kind)
        {
            var command = new Command(name, description) { ids, all, queue, broker };
            command.Validators.Add(line =>
            {
                // Everything or some: neither by accident.
                if (line.GetValue(all) == line.GetValue(ids) is { Length: > 0 })
                {
                    line.AddError("Name letters, or write --all.");
                }

                foreach (var option in line.GetValue(ids)!.Where(id => id.StartsWith('-')))
                {
                    line.AddError($"There is no option '{option}'.");
                }
            });
            command.SetAction((line, token) => RunAsync(
                new Wish(kind, line.GetValue(all), [.. line.GetValue(ids)!], line.GetValue(queue), line.GetValue(broker)),
                configuration(), line.InvocationConfiguration, token));
            return command;
        }
    }

    private static async Task<int> RunAsync(Wish wish, IConfiguration configuration, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var (output, errors) = (console.Output, console.Error);
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

        bool IsChosen(PoisonEntry entry) => wish.All || wish.Ids.Remove(entry.Id);
        switch (wish.Kind)
        {
            case WishKind.Replay:
                await replay.ReplayAsync(IsChosen, e => output.WriteLine($"sent back  {Line(e, broker, queue)}"), cancellationToken);
                return;
            case WishKind.Delete:
                await replay.DeleteAsync(IsChosen, e => output.WriteLine($"deleted  {Line(e, broker, queue)}"), cancellationToken);
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

    private enum WishKind
    {
        List,
        Replay,
        Delete,
    }

    private sealed record Wish(WishKind Kind, bool All, HashSet<string> Ids, string? Queue, string? Broker);
}
