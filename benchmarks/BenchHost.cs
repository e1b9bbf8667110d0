using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Bibind.Local;

namespace Bibind.Benchmarks;

/// <summary>The product's host as a process of its own, and its API as a caller uses it.</summary>
internal sealed class BenchHost : IAsyncDisposable
{
    private const string Token = "bench-operator-token-0123456789";
    private const string WebhookToken = "bench-webhook-token-0123456789abcdef";
    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly string _store;
    private int _record;

    private BenchHost(Process process, HttpClient http, string store)
    {
        _process = process;
        _http = http;
        _store = store;
    }

    public static async Task<BenchHost> StartAsync(EmbeddedPostgres postgres, string template, string smallTemplate)
    {
        var store = Path.Combine(Path.GetTempPath(), $"bibind-bench-store-{Guid.NewGuid():N}");
        var address = $"http://127.0.0.1:{FreePorts.Next()}";
        var start = new ProcessStartInfo("dotnet") { ArgumentList = { Path.Combine(AppContext.BaseDirectory, "Bibind.Functions.dll") }, RedirectStandardOutput = true, WorkingDirectory = AppContext.BaseDirectory };
        var settings = new Dictionary<string, string>
        {
            ["Urls"] = address,
            ["ControlDatabase"] = postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole),
            ["Secrets__MasterKey"] = Convert.ToBase64String(new byte[32]),
            ["Auth__Tokens__0__Name"] = "bench",
            ["Auth__Tokens__0__Token"] = Token,
            ["Auth__Tokens__0__Role"] = "admin",
            ["OdooWebhooks__0__Name"] = "console",
            ["OdooWebhooks__0__Token"] = WebhookToken,
            ["Storage__Local__Folder"] = store,
            ["Backups__Enabled"] = "false",
            ["Platform__Domain"] = "bench.localhost",
            ["Seed__Server__Code"] = "local",
            ["Seed__Server__Name"] = "Local",
            ["Seed__Server__Url"] = "http://127.0.0.1:9",
            ["Seed__Server__DatabaseHost"] = "127.0.0.1",
            ["Seed__Server__DatabasePort"] = postgres.Port.ToString(CultureInfo.InvariantCulture),
            ["Seed__Server__DatabaseUser"] = LocalServer.ControlRole,
            ["Seed__Server__DatabasePassword"] = postgres.PasswordOf(LocalServer.ControlRole),
            ["Seed__Server__ApplicationRole"] = LocalServer.ApplicationRole,
            ["Seed__Server__MaxTenants"] = "10000",
            ["Seed__Templates__blank"] = template,
            ["Seed__Templates__services"] = smallTemplate,
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var http = new HttpClient { BaseAddress = new Uri(address) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        var host = new BenchHost(process, http, store);
        var watch = Stopwatch.StartNew();
        while (!await host.IsReadyAsync())
        {
            if (process.HasExited || watch.Elapsed > TimeSpan.FromMinutes(1))
            {
                throw new InvalidOperationException("The host did not become ready; its messages are above.");
            }

            await Task.Delay(50);
        }

        return host;
    }

    public TimeSpan ProcessorTime()
    {
        _process.Refresh();
        return _process.TotalProcessorTime;
    }

    public double ResidentMegabytes()
    {
        _process.Refresh();
        return _process.WorkingSet64 / 1048576.0;
    }

    /// <summary>Waits until the host uses next to no processor time.</summary>
    public async Task SettleAsync()
    {
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < TimeSpan.FromMinutes(3);)
        {
            var before = ProcessorTime();
            await Task.Delay(1000);
            if (ProcessorTime() - before < TimeSpan.FromMilliseconds(50))
            {
                return;
            }
        }
    }

    /// <summary>Orders and waits; answers the milliseconds from the order to the end of its job.</summary>
    public async Task<double> OrderAsync(string code, string template)
    {
        var watch = Stopwatch.StartNew();
        await EndOfAsync(await AcceptAsync(code, template));
        return watch.Elapsed.TotalMilliseconds;
    }

    public async Task<string> AcceptAsync(string code, string template)
    {
        var record = Interlocked.Increment(ref _record);
        using var response = await _http.PostAsJsonAsync($"/webhooks/odoo/{WebhookToken}", new JsonObject
        {
            ["_action"] = $"Provision(#{record})",
            ["_id"] = record,
            ["_model"] = "saas.instance",
            ["id"] = record,
            ["code"] = code,
            ["name"] = code,
            ["customer_name"] = "Bench",
            ["customer_email"] = "bench@example.com",
            ["offer"] = "odoo-shared",
            ["plan"] = "starter",
            ["template"] = template,
        });
        return response.StatusCode == HttpStatusCode.Accepted
            ? response.Headers.Location!.OriginalString
            : throw new InvalidOperationException($"The order was refused: {await response.Content.ReadAsStringAsync()}");
    }

    public async Task EndOfAsync(string job)
    {
        while (true)
        {
            var state = JsonNode.Parse(await _http.GetStringAsync(new Uri(job, UriKind.Relative)))!;
            switch (state["state"]!.GetValue<string>())
            {
                case "succeeded":
                    return;
                case "failed" or "cancelled":
                    throw new InvalidOperationException($"The job failed: {state}");
            }

            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        if (Directory.Exists(_store))
        {
            Directory.Delete(_store, recursive: true);
        }
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using var response = await _http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
