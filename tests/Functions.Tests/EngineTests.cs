using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The API on an engine that does not live in the control database.</summary>
public sealed class EngineTests(PostgresServer postgres)
{
    [Fact]
    public async Task Orders_run_and_show_their_steps_although_the_engine_is_not_in_the_control_database()
    {
        await using var host = new ApiHost(postgres) { More = ["--Durable:Engine=memory"] };
        await host.InitializeAsync();

        var running = await host.OrderTenantAsync("elsewhere");
        await host.WaitAsync($"/api/jobs/{running}", j => j.GetProperty("state").GetString() == "running");
        using var answer = await host.OrderAsync(ApiHost.Order($"{ScriptedOrchestrators.FailingPrefix}-elsewhere"));
        var failing = (await ApiHost.JsonAsync(answer)).GetProperty("job").GetString()!;
        var failed = await host.WaitAsync($"/api/jobs/{failing}", j => j.GetProperty("state").GetString() == "failed");

        var steps = failed.GetProperty("steps").EnumerateArray()
            .Select(s => (s.GetProperty("name").GetString(), s.GetProperty("state").GetString(), s.GetProperty("attempts").GetInt32()));
        Assert.Equal([("storage.create_bucket", "succeeded", 2), ("routing.publish", "failed", 1)], steps);
        await Eventually.TrueAsync(async () => await host.ScalarAsync<long>("select count(*) from control.orchestration_outbox") == 0);
        Assert.Equal(0, await host.ScalarAsync<long>("select count(*) from pg_namespace where nspname = 'durable'"));
    }
}
