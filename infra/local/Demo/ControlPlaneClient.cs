using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Bibind.Local.Demo;

/// <summary>Calls the host as Bibind's console and an operator do.</summary>
internal sealed class ControlPlaneClient(Uri address, string apiToken) : IDisposable
{
    private const int PageSize = 100;

    private readonly HttpClient http = new() { BaseAddress = address, Timeout = TimeSpan.FromSeconds(30) };

    public Uri Address => http.BaseAddress!;

    public void Dispose() => http.Dispose();

    /// <summary>True if the host says that it is ready; false also where nobody answers yet.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await http.GetAsync("health/ready", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The tenants <c>demo-N</c> that there are and were.</summary>
    public async Task<DemoTenants> FindDemosAsync(CancellationToken cancellationToken)
    {
        var found = new List<(int Number, TenantItem Tenant)>();
        for (var page = 1; ; page++)
        {
            var tenants = await GetAsync<TenantPage>(string.Create(CultureInfo.InvariantCulture, $"api/tenants?page={page}&pageSize={PageSize}"), cancellationToken);
            foreach (var tenant in tenants.Items)
            {
                if (tenant.Code.StartsWith("demo-", StringComparison.Ordinal)
                    && int.TryParse(tenant.Code.AsSpan("demo-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                {
                    found.Add((number, tenant));
                }
            }

            if (tenants.Items.Count < PageSize)
            {
                return new DemoTenants([.. found.OrderBy(f => f.Number)]);
            }
        }
    }

    /// <summary>Posts an order as Odoo's automation rule does; answers the address of the job.</summary>
    public async Task<string> OrderAsync(string webhookToken, string order, CancellationToken cancellationToken)
    {
        using var body = new StringContent(order, new MediaTypeHeaderValue("application/json"));
        using var answer = await http.PostAsync($"webhooks/odoo/{webhookToken}", body, cancellationToken);
        return await JobOfAsync("The order", answer, cancellationToken);
    }

    /// <summary>Orders the removal of a tenant, its backups included; answers the address of the job.</summary>
    public async Task<string> RemoveAsync(string tenant, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"api/tenants/{tenant}?finalBackup=false");
        using var answer = await SendAsync(request, cancellationToken);
        return await JobOfAsync("The removal", answer, cancellationToken);
    }

    /// <summary>The job with its tenant's first backup, which is taken after the activation; waits for it while it is under way.</summary>
    /// <exception cref="LocalServerException">It failed, with the reason.</exception>
    public async Task<JobView> WithFirstBackupAsync(JobView job, CancellationToken cancellationToken)
    {
        while (true)
        {
            var backedUp = await WithBackupAsync(job, cancellationToken);
            if (backedUp.Result!.BackupKey is not null)
            {
                return backedUp;
            }

            var pending = (await GetAsync<TenantItem>($"api/tenants/{job.Tenant}", cancellationToken)).PendingItems.FirstOrDefault(p => p.Kind == "first-backup");
            if (pending is null or { Attempts: > 0 })
            {
                return pending is null ? job : throw new LocalServerException($"The first backup of {job.Tenant} failed: {pending.Reason}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    /// <summary>The job with its tenant's first backup, if there is one.</summary>
    public async Task<JobView> WithBackupAsync(JobView job, CancellationToken cancellationToken)
    {
        var backups = (await GetAsync<BackupPage>($"api/tenants/{job.Tenant}/backups", cancellationToken)).Items;
        return backups is [.., var first]
            ? job with { Result = job.Result! with { BackupKey = string.Create(CultureInfo.InvariantCulture, $"backups/{job.Tenant}/{job.Result.TenantId}/{first.Id}/") } }
            : job;
    }

    /// <summary>Orders a template of the modules that the catalogue names; answers the address of the job.</summary>
    public Task<string> MakeTemplateAsync(string code, string server, string language, CancellationToken cancellationToken) =>
        CommandAsync("The template", "api/templates", new JsonObject { ["code"] = code, ["server"] = server, ["language"] = language }, cancellationToken);

    /// <summary>Orders a backup; answers the address of the job.</summary>
    public Task<string> BackUpAsync(string tenant, CancellationToken cancellationToken) =>
        CommandAsync("The backup", $"api/tenants/{tenant}/backups", null, cancellationToken);

    /// <summary>The tenant's newest backup.</summary>
    public async Task<string> FindNewestBackupAsync(string tenant, CancellationToken cancellationToken) =>
        (await GetAsync<BackupPage>($"api/tenants/{tenant}/backups", cancellationToken)).Items[0].Id;

    /// <summary>Orders a restore, in place or as a new tenant; answers the address of the job.</summary>
    public Task<string> RestoreAsync(string backup, string? newTenant, CancellationToken cancellationToken) =>
        CommandAsync(
            "The restore", $"api/backups/{backup}/restore",
            newTenant is null ? null : new JsonObject { ["newTenant"] = new JsonObject { ["code"] = newTenant } }, cancellationToken);

    /// <summary>The address of the job that made a tenant; null if there is none.</summary>
    public async Task<string?> FindJobAsync(string tenant, CancellationToken cancellationToken) =>
        (await GetAsync<JobPage>($"api/jobs?tenant={tenant}&kind=provision", cancellationToken)).Items is [var job, ..] ? $"api/jobs/{job.Id}" : null;

    /// <summary>What a tenant's people sign in with, which is shown once.</summary>
    public async Task<TenantPasswords> RevealAsync(string tenant, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"api/tenants/{tenant}/credentials/reveal");
        using var answer = await SendAsync(request, cancellationToken);
        return answer.IsSuccessStatusCode
            ? (await answer.Content.ReadFromJsonAsync<TenantPasswords>(JsonSerializerOptions.Web, cancellationToken))!
            : throw await RefusalAsync("The credentials", answer, cancellationToken);
    }

    public Task<JobView> GetJobAsync(string jobAddress, CancellationToken cancellationToken) => GetAsync<JobView>(jobAddress, cancellationToken);

    private static async Task<string> JobOfAsync(string what, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (answer.StatusCode != HttpStatusCode.Accepted || answer.Headers.Location is not { } job)
        {
            throw await RefusalAsync(what, answer, cancellationToken);
        }

        return job.IsAbsoluteUri ? job.PathAndQuery : job.OriginalString;
    }

    private async Task<string> CommandAsync(string what, string path, JsonObject? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await SendAsync(request, cancellationToken);
        return await JobOfAsync(what, answer, cancellationToken);
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", apiToken);
        return http.SendAsync(request, cancellationToken);
    }

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        using var answer = await SendAsync(request, cancellationToken);
        if (!answer.IsSuccessStatusCode)
        {
            throw await RefusalAsync($"GET {path}", answer, cancellationToken);
        }

        return await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancellationToken)
            ?? throw new LocalServerException($"GET {path} answered nothing.");
    }

    private static async Task<LocalServerException> RefusalAsync(string what, HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var body = await answer.Content.ReadAsStringAsync(cancellationToken);
        return new LocalServerException($"{what} was refused with {(int)answer.StatusCode}: {body}");
    }
}
