using Bibind.Benchmarks;

// ./bench [durable|provision|backup|hosts] [--quick] [--odoo]
var quick = args.Contains("--quick");
var odoo = args.Contains("--odoo");
var areas = args.Where(a => !a.StartsWith('-')).ToArray();
var known = new Dictionary<string, Func<bool, Task>>(StringComparer.Ordinal)
{
    ["provision"] = odoo ? OdooBenchmark.RunAsync : ProvisionBenchmark.RunAsync,
    ["durable"] = DurableBenchmark.RunAsync,
    ["backup"] = BackupBenchmark.RunAsync,
    ["hosts"] = HostsBenchmark.RunAsync,
};
if (areas.Length == 0)
{
    areas = odoo ? ["provision"] : [.. known.Keys];
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
