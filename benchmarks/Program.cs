using Bibind.Benchmarks;

// ./bench [durable|provision|backup|hosts] [--quick]
var quick = args.Contains("--quick");
var areas = args.Where(a => !a.StartsWith('-')).ToArray();
var known = new Dictionary<string, Func<bool, Task>>(StringComparer.Ordinal)
{
    ["provision"] = ProvisionBenchmark.RunAsync,
    ["durable"] = DurableBenchmark.RunAsync,
    ["backup"] = BackupBenchmark.RunAsync,
    ["hosts"] = HostsBenchmark.RunAsync,
};
if (areas.Length == 0)
{
    areas = [.. known.Keys];
}

foreach (var area in areas)
{
    if (!known.TryGetValue(area, out var runAsync))
    {
        await Console.Error.WriteLineAsync($"There is no benchmark '{area}': {string.Join(", ", known.Keys)}.");
        return 2;
    }

    await runAsync(quick);
}

return 0;
