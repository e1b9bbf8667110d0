using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Bibind.Local;
using Bibind.Local.RealServers;

namespace Bibind.Benchmarks;

/// <summary>The product's host as a process of its own, and its API as a caller uses it.</summary>
internal sealed partial class BenchHost : IAsyncDisposable
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

    /// <param name="postgres">Holds the control database and the tenants.</param>
    /// <param name="template">Of tenants ordered with <c>blank</c>.</param>
    /// <param name="smallTemplate">Of tenants ordered with <c>services</c>, if there are any.</param>
    /// <param name="pgDump">What takes backups; none are taken without.</param>
    /// <param name="odoo">The application, which has its files in folders of this machine; none is there without.</param>
    public static async Task<BenchHost> StartAsync(
        EmbeddedPostgres postgres, string template, string? smallTemplate = null, string? pgDump = null, OdooServer? odoo = null)
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
            ["Backups__Enabled"] = pgDump is null ? "false" : "true",
            ["Backups__Nightly"] = "false",
            ["Platform__Domain"] = "bench.localhost",
            ["Seed__Server__Code"] = "local",
            ["Seed__Server__Name"] = "Local",
            ["Seed__Server__Url"] = "http://127.0.0.1:9",
            ["Seed__Server__DatabaseHost"] = "127.0.0.1",
            ["Seed__Server__DatabasePort"] = postgres.Port.ToString(CultureInfo.InvariantCulture),
            ["Seed__Server__DatabaseUser"] = LocalServer.MaintenanceRole,
            ["Seed__Server__DatabasePassword"] = postgres.PasswordOf(LocalServer.MaintenanceRole),
            ["Seed__Server__ApplicationRole"] = LocalServer.ApplicationRole,
            ["Seed__Server__ApplicationPassword"] = postgres.PasswordOf(LocalServer.ApplicationRole),
            ["Seed__Server__MaxTenants"] = "10000",
            ["Seed__Templates__blank"] = template,
        };
        if (smallTemplate is not null)
        {
            settings["Seed__Templates__services"] = smallTemplate;
        }

        if (odoo is not null)
        {
            settings["Seed__Server__Url"] = odoo.Url.ToString();
            settings["FileStore__Provider"] = "folder";
            settings["FileStore__Folder"] = odoo.FileStore;
        }
        else
        {
            // A template is cloned only where the files that it names are kept.
            var files = Path.Combine(store, "filestore");
            foreach (var database in new[] { template, smallTemplate }.OfType<string>())
            {
                OdooFiles.Write(files, database);
            }

            settings["FileStore__Provider"] = "folder";
            settings["FileStore__Folder"] = files;
        }

        if (pgDump is not null)
        {
            settings["Backups__PgDump"] = pgDump;
        }

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

    /// <summary>The most that was resident since its start.</summary>
    public double PeakMegabytes()
    {
        _process.Refresh();
        return _process.PeakWorkingSet64 / 1048576.0;
    }

    /// <summary>Waits until the host uses next to no processor time.</summary>
    public Task SettleAsync() => SettleAsync(seconds: 1);

    /// <summary>
    /// Waits until it has used next to none for longer than it rests before it makes new passwords ready for those that orders
    /// have taken.
    /// </summary>
    public Task SettleAfterOrdersAsync() => SettleAsync(seconds: 12);

    /// <summary>Orders and waits; answers the milliseconds from the order to the end of its job.</summary>
    /// <param name="code">The tenant's.</param>
    /// <param name="template">What is cloned.</param>
    /// <param name="pause">Between two looks at the job.</param>
    public async Task<double> OrderAsync(string code, string template, TimeSpan pause)
    {
        var watch = Stopwatch.StartNew();
        await EndOfAsync(await AcceptAsync(code, template), pause);
        return watch.Elapsed.TotalMilliseconds;
    }

    /// <summary>Orders a backup and waits; answers the milliseconds from the order to the end of its job.</summary>
    public async Task<double> BackUpAsync(string code)
    {
        var watch = Stopwatch.StartNew();
        using var response = await _http.PostAsync(new Uri($"/api/tenants/{code}/backups", UriKind.Relative), content: null);
        if (response.StatusCode != HttpStatusCode.Accepted)
        {
            throw new InvalidOperationException($"The backup was refused: {await response.Content.ReadAsStringAsync()}");
        }

        await EndOfAsync(response.Headers.Location!.OriginalString, TimeSpan.FromMilliseconds(10));
        return watch.Elapsed.TotalMilliseconds;
    }

    /// <summary>The size of a tenant's newest backup as it is stored.</summary>
    public async Task<long> NewestBackupBytesAsync(string code)
    {
        var list = JsonNode.Parse(await _http.GetStringAsync(new Uri($"/api/tenants/{code}/backups", UriKind.Relative)))!;
        return list["items"]![0]!["bytes"]!.GetValue<long>();
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
            ["lang"] = "fr_FR",
            ["tz"] = "Europe/Paris",
            ["offer"] = "odoo-shared",
            ["plan"] = "starter",
            ["template"] = template,
        });
        return response.StatusCode == HttpStatusCode.Accepted
            ? response.Headers.Location!.OriginalString
            : throw new InvalidOperationException($"The order was refused: {await response.Content.ReadAsStringAsync()}");
    }

    /// <summary>Waits for the end of a job; answers the job.</summary>
    /// <param name="job">Where it is found.</param>
    /// <param name="pause">Between two looks. Each costs host and database about a millisecond of processor time together.</param>
    public async Task<JsonNode> EndOfAsync(string job, TimeSpan pause)
    {
        while (true)
        {
            var state = JsonNode.Parse(await _http.GetStringAsync(new Uri(job, UriKind.Relative)))!;
            switch (state["state"]!.GetValue<string>())
            {
                case "succeeded":
                    return state;
                case "failed" or "cancelled":
                    throw new InvalidOperationException($"The job failed: {state}");
            }

            await Task.Delay(pause);
        }
    }

    /// <summary>Orders all of them at once, and looks at one job at a time, so that the looking is not what is measured.</summary>
    /// <returns>The milliseconds from the first order to the end of the last job.</returns>
    public async Task<double> OrderAtOnceAsync(IEnumerable<string> codes, string template)
    {
        var began = DateTimeOffset.UtcNow;
        var jobs = await Task.WhenAll(codes.Select(code => AcceptAsync(code, template)));
        var last = began;
        foreach (var job in jobs)
        {
            var ended = (await EndOfAsync(job, TimeSpan.FromMilliseconds(100)))["completedAt"]!.GetValue<DateTimeOffset>();
            last = ended > last ? ended : last;
        }

        return (last - began).TotalMilliseconds;
    }

    /// <summary>Sets how many ready clones of a template are kept, and waits until so many are there.</summary>
    public async Task FillPoolAsync(string template, int size)
    {
        using var change = new HttpRequestMessage(HttpMethod.Patch, new Uri($"/api/templates/{template}", UriKind.Relative))
        {
            Content = JsonContent.Create(new JsonObject { ["warmPoolSize"] = size, ["reason"] = "benchmark" }),
        };
        change.Headers.IfMatch.Add(EntityTagHeaderValue.Any);
        using var response = await _http.SendAsync(change);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The pool's size was refused: {await response.Content.ReadAsStringAsync()}");
        }

        for (var watch = Stopwatch.StartNew(); (await PoolAsync(template))["ready"]!.GetValue<int>() != size; await Task.Delay(500))
        {
            if (watch.Elapsed > TimeSpan.FromMinutes(8))
            {
                throw new InvalidOperationException($"The pool was not filled: {await PoolAsync(template)}");
            }
        }
    }

    /// <summary>How a template's pool stands.</summary>
    public async Task<JsonNode> PoolAsync(string template) =>
        JsonNode.Parse(await _http.GetStringAsync(new Uri($"/api/templates/{template}", UriKind.Relative)))!["items"]![0]!["pool"]!;

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

    private async Task SettleAsync(int seconds)
    {
        var quiet = 0;
        for (var watch = Stopwatch.StartNew(); quiet < seconds && watch.Elapsed < TimeSpan.FromMinutes(3);)
        {
            var before = ProcessorTime();
            await Task.Delay(1000);
            quiet = ProcessorTime() - before < TimeSpan.FromMilliseconds(50) ? quiet + 1 : 0;
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
