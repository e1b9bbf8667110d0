using System.CommandLine;
using Bibind.Functions.Hosts;

namespace Bibind.Functions.Commands;

/// <summary><c>Bibind.Functions functions list</c>: what a host would call, and when.</summary>
internal static class FunctionsCommand
{
    /// <summary>The command; nothing is started and nothing read.</summary>
    public static Command Define()
    {
        var kind = new Option<HostKind>("--kind") { Description = "Of a host of that kind.", DefaultValueFactory = _ => HostKind.Kestrel };
        var list = new Command("list", "Lists the functions that queues and timers call; HTTP routes are in /openapi.json.") { kind };
        list.SetAction(async (line, _) =>
        {
            var declared = Declarations.For(line.GetValue(kind));
            foreach (var queue in declared.Queues)
            {
                await line.InvocationConfiguration.Output.WriteLineAsync($"{queue.Name,-16} queue  {queue.Queue}");
            }

            foreach (var timer in declared.Timers)
            {
                await line.InvocationConfiguration.Output.WriteLineAsync($"{timer.Name,-16} timer  {timer.Schedule}{(timer.RunsAtStart ? ", and at start" : "")}");
            }
        });
        return new Command("functions", "Shows the functions of this program.") { list };
    }
}
