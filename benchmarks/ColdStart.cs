using System.Diagnostics;
using System.Text;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.FunctionsHost;

namespace Bibind.Benchmarks;

/// <summary>
/// What is deployed to function hosts, from the start of its process to the first answer, and what a warm call costs over the
/// same call to the self-hosted program.
/// </summary>
internal static class ColdStart
{
    private const string Storage = "DefaultEndpointsProtocol=http;AccountName=none;AccountKey=AAAA;QueueEndpoint=http://127.0.0.1:9/none;";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly byte[] Request = Encoding.UTF8.GetBytes(
        """
        {"version": "2.0", "rawPath": "/health/live", "rawQueryString": "", "headers": {"host": "bench"}, "isBase64Encoded": false,
         "requestContext": {"stage": "$default", "http": {"method": "GET", "path": "/health/live", "sourceIp": "127.0.0.1"}}}
        """);

    public static async Task MeasureAsync(bool quick)
    {
        var worker = await PublishAsync("infra/azure/publish", "azure");
        var folder = await PublishAsync("infra/aws/publish", "aws-x64", "x64");
        await using var postgres = await BenchServer.StartAsync();
        var settings = Settings(postgres);
        var runs = quick ? 5 : 11;
        // The first run of all makes the schema, and reads the files from the disk.
        await StartAzureAsync(worker, settings);
        var azure = await RepeatAsync(runs, () => StartAzureAsync(worker, settings));
        var lambda = await RepeatAsync(runs, () => StartLambdaAsync(folder, settings));
        Figures.Print("hosts.cold_start_azure", Figures.Median(azure), "ms from start to the first answer (limit 700 ms)", $"to {azure.Max():0}");
        Figures.Print("hosts.cold_start_lambda", Figures.Median(lambda), "ms from start to the first answer (limit 700 ms)", $"to {lambda.Max():0}");
        await MeasureWarmAsync(folder, settings, quick ? 300 : 2000);
        foreach (var package in new[] { "azure", "aws-x64" })
        {
            var zip = new FileInfo(Path.Combine(Path.GetDirectoryName(folder)!, $"bibind-{package}.zip"));
            Figures.Print($"hosts.package_{package}", zip.Length / 1e6, "MB zipped", "limit 40 MB");
        }
    }

    // Both ways in turn, so that both see the same machine.
    private static async Task MeasureWarmAsync(string folder, Dictionary<string, string> settings, int calls)
    {
        await using var api = await RuntimeApi.StartAsync();
        using var lambda = Start(folder, settings, ("Hosting__Kind", "lambda"), ("AWS_LAMBDA_RUNTIME_API", api.Address));
        var address = $"http://127.0.0.1:{FreePorts.Next()}";
        using var kestrel = Start(folder, settings, ("Urls", address));
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        try
        {
            await UntilAnswersAsync(http, kestrel);
            await api.AskedAsync().WaitAsync(Limit);
            var (direct, through) = (new List<double>(), new List<double>());
            for (var i = 0; i < calls; i++)
            {
                var watch = Stopwatch.StartNew();
                await http.GetStringAsync(new Uri("/health/live", UriKind.Relative));
                direct.Add(watch.Elapsed.TotalMilliseconds);
                watch.Restart();
                await api.InvokeAsync(Request).WaitAsync(Limit);
                through.Add(watch.Elapsed.TotalMilliseconds);
            }

            Figures.Print("hosts.warm_kestrel_p50", Figures.Median(direct), "ms a call");
            Figures.Print(
                "hosts.warm_lambda_p50", Figures.Median(through), "ms a call",
                $"{Figures.Median(through) - Figures.Median(direct):0.00} ms more, limit 3 ms");
        }
        finally
        {
            Stop(lambda);
            Stop(kestrel);
        }
    }

    private static async Task<double> StartAzureAsync(string folder, Dictionary<string, string> settings)
    {
        var watch = Stopwatch.StartNew();
        await using var host = await FunctionsHostStandIn.StartAsync(folder, settings, _ => { });
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://bench/health/live"));
        using var answer = await host.SendAsync(request);
        return answer.IsSuccessStatusCode ? watch.Elapsed.TotalMilliseconds : throw new InvalidOperationException($"The worker answered {(int)answer.StatusCode}.");
    }

    private static async Task<double> StartLambdaAsync(string folder, Dictionary<string, string> settings)
    {
        await using var api = await RuntimeApi.StartAsync();
        var watch = Stopwatch.StartNew();
        using var process = Start(folder, settings, ("Hosting__Kind", "lambda"), ("AWS_LAMBDA_RUNTIME_API", api.Address));
        try
        {
            await api.InvokeAsync(Request).WaitAsync(Limit);
            return watch.Elapsed.TotalMilliseconds;
        }
        finally
        {
            Stop(process);
        }
    }

    private static async Task UntilAnswersAsync(HttpClient http, Process process)
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Limit && !process.HasExited;)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri("/health/live", UriKind.Relative));
                return;
            }
            catch (HttpRequestException)
            {
                // The Functions host asks as often.
                await Task.Delay(25);
            }
        }

        throw new InvalidOperationException("The host did not answer.");
    }

    private static async Task<List<double>> RepeatAsync(int runs, Func<Task<double>> measure)
    {
        var values = new List<double>();
        for (var run = 0; run < runs; run++)
        {
            values.Add(await measure());
        }

        return values;
    }

    private static Process Start(string folder, Dictionary<string, string> settings, params (string Name, string Value)[] more)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, "bootstrap")) { WorkingDirectory = folder, RedirectStandardOutput = true };
        foreach (var (name, value) in settings.Select(s => (s.Key, s.Value)).Concat(more))
        {
            start.Environment[name] = value;
        }

        start.Environment.Remove("DOTNET_ROOT");
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    private static void Stop(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    private static Dictionary<string, string> Settings(EmbeddedPostgres postgres) => new()
    {
        ["ControlDatabase"] = postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole),
        ["Secrets__MasterKey"] = Convert.ToBase64String(new byte[32]),
        ["Auth__Tokens__0__Name"] = "bench",
        ["Auth__Tokens__0__Token"] = "bench-operator-token-0123456789",
        ["Auth__Tokens__0__Role"] = "admin",
        ["Platform__Domain"] = "bench.localhost",
        ["Storage__Local__Folder"] = Path.Combine(Path.GetTempPath(), "bibind-bench-unused"),
        // Nobody is there; nothing is sent before work is handed in.
        ["Queues__AzureStorage__ConnectionString"] = Storage,
        ["Queues__Sqs__QueueUrlPrefix"] = "http://127.0.0.1:9/queue/",
        ["Queues__Sqs__Region"] = "none",
        ["Queues__Sqs__AccessKeyId"] = "none",
        ["Queues__Sqs__SecretAccessKey"] = "none",
        ["Queues__Consume"] = "false",
        ["Timers__Enabled"] = "false",
        ["Logging__LogLevel__Default"] = "Warning",
    };

    private static async Task<string> PublishAsync(string script, string folder, params string[] arguments)
    {
        using var process = Process.Start(Path.Combine(Repository.Root, script), arguments);
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? Path.Combine(Repository.Root, "data", "publish", folder)
            : throw new InvalidOperationException($"{script} failed; its messages are above.");
    }
}
