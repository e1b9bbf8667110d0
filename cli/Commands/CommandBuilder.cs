using System.CommandLine;
using Bibind.Cli.Jobs;
using Bibind.Cli.Output;
using Bibind.Client;

namespace Bibind.Cli.Commands;

/// <summary>The filters of a list, as <c>--filter name=value</c> gave them.</summary>
internal sealed class Filters(IReadOnlyDictionary<string, string> values)
{
    public string? this[string name] => values.GetValueOrDefault(name);
}

/// <summary>Makes commands that look and end alike.</summary>
internal static class CommandBuilder
{
    private const int LargestPage = 200;

    public static Command Group(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        return group;
    }

    public static Command Make(string name, string description, Symbol[] symbols, Func<CommandCall, Task<int>> act)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Add(argument);
            }
            else
            {
                command.Add((Option)symbol);
            }
        }

        command.SetAction(async (line, token) =>
        {
            using var call = new CommandCall(line, token);
            return await act(call);
        });
        return command;
    }

    /// <summary>Reads one thing, or changes it at once, and shows it.</summary>
    public static Command Show<T>(string name, string description, Symbol[] symbols, View<T> view, Func<CommandCall, Task<T>> read) =>
        Make(name, description, symbols, async call =>
        {
            await call.Writer.WriteAsync(await read(call), view);
            return ExitCodes.Done;
        });

    /// <summary>Orders something that a job does, and follows the job.</summary>
    public static Command Order(string name, string description, Symbol[] symbols, Func<CommandCall, Task<string>> order) =>
        Make(name, description, [.. symbols, Globals.NoWait], async call => await JobFollower.FollowOrderAsync(call, await order(call)));

    /// <summary>Lists rows, page by page as far as the limit.</summary>
    public static Command List<T, TList>(
        string name, string description, Symbol[] symbols, string[] filters, View<T> view, Func<CommandCall, Filters, int, int, Task<TList>> read)
        where TList : IListResponse<T>
    {
        var filter = new Option<string[]>("--filter")
        {
            Description = filters.Length == 0 ? "This list has no filters." : $"Only rows that match, as name=value; names: {string.Join(", ", filters)}.",
            HelpName = "NAME=VALUE",
            AllowMultipleArgumentsPerToken = false,
        };
        filter.Validators.Add(result =>
        {
            foreach (var text in result.Tokens.Select(t => t.Value).Where(text => text.IndexOf('=') <= 0 || !filters.Contains(text[..text.IndexOf('=')])))
            {
                result.AddError(filters.Length == 0 ? "This list has no filters." : $"'{text}' is no filter; write name=value with one of {string.Join(", ", filters)}.");
            }
        });
        return Make(name, description, [.. symbols, filter, Globals.Limit], async call =>
        {
            var values = (call.Get(filter) ?? []).Select(t => t.Split('=', 2)).ToLookup(p => p[0], p => p[1]);
            if (values.FirstOrDefault(v => v.Count() > 1) is { } twice)
            {
                throw new CommandException($"The filter {twice.Key} is given more than once.", ExitCodes.Usage);
            }

            await ReadAsync(call, new Filters(values.ToDictionary(v => v.Key, v => v.Single())), view, read);
            return ExitCodes.Done;
        });
    }

    private static async Task ReadAsync<T, TList>(CommandCall call, Filters filters, View<T> view, Func<CommandCall, Filters, int, int, Task<TList>> read)
        where TList : IListResponse<T>
    {
        var limit = call.Get(Globals.Limit) is var wanted && wanted > 0 ? wanted : int.MaxValue;
        var size = Math.Min(limit, LargestPage);
        var items = new List<T>();
        TList rows;
        var page = 0;
        do
        {
            rows = await read(call, filters, ++page, size);
            items.AddRange(rows.Items.Take(limit - items.Count));
        }
        while (rows.Items.Count == size && items.Count < limit && items.Count < rows.Total);

        await call.Writer.WriteListAsync(items, view);
        if (items.Count < rows.Total)
        {
            await call.Writer.SayAsync($"{items.Count} of {rows.Total} are shown; --limit 0 shows all.");
        }
    }
}
