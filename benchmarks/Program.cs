using System.CommandLine;
using Bibind.Benchmarks;

if (args is [ScalingBenchmark.WorkerArgument])
{
    return await ScalingBenchmark.WorkAsync();
}

if (args is [BenchBroker.FrontArgument, var port, var elasticMq])
{
    return await BenchBroker.BeFrontAsync(port, elasticMq);
}

var quick = new Option<bool>("--quick") { Description = "With fewer repetitions." };
var odoo = new Option<bool>("--odoo") { Description = "Provisioning at the real Odoo." };
var areas = new Argument<string[]>("AREA") { Description = "What is measured; everything unless named.", Arity = ArgumentArity.ZeroOrMore };
areas.AcceptOnlyFromAmong("provision", "durable", "scaling", "backup", "hosts", "servers", "usage", "reconciliation", "warm", "billing", "console");
var root = new RootCommand("Measures what README and docs quote; ./bench starts it.") { areas, quick, odoo };
root.SetAction(async (parsed, _) =>
{
    var known = new Dictionary<string, Func<bool, Task>>(StringComparer.Ordinal)
    {
        ["provision"] = parsed.GetValue(odoo) ? OdooBenchmark.RunAsync : ProvisionBenchmark.RunAsync,
        ["durable"] = DurableBenchmark.RunAsync,
        ["scaling"] = ScalingBenchmark.RunAsync,
        ["backup"] = BackupBenchmark.RunAsync,
        ["hosts"] = HostsBenchmark.RunAsync,
        ["servers"] = ServersBenchmark.RunAsync,
        ["usage"] = UsageBenchmark.RunAsync,
        ["reconciliation"] = ReconciliationBenchmark.RunAsync,
        ["warm"] = WarmBenchmark.RunAsync,
        ["billing"] = BillingBenchmark.RunAsync,
        ["console"] = ConsoleBenchmark.RunAsync,
    };
    var wanted = parsed.GetValue(areas) is { Length: > 0 } named ? named : parsed.GetValue(odoo) ? ["provision"] : [.. known.Keys.Except(["warm"])];
    foreach (var area in wanted)
    {
        await known[area](parsed.GetValue(quick));
    }
});
var arguments = root.Parse(args);
var exitCode = await arguments.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
return arguments.Errors.Count > 0 ? 2 : exitCode;
