using Bibind.Contracts;
using Bibind.ControlPlane.Idempotency;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

public sealed class RepetitionTests(PostgresCluster cluster)
{
    [Fact]
    public async Task Of_ten_equal_requests_at_once_one_orders_and_all_get_its_answer()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => OrderOnceAsync(plane, "key-1", "hash"))));
        Assert.Single(answers.Distinct());
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.tenants"));
    }

    [Fact]
    public async Task A_key_that_comes_with_another_request_is_refused()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await OrderOnceAsync(plane, "key-1", "hash");
        var result = await plane.InTransactionAsync((c, t) => plane.Idempotency.BeginAsync(c, t, "console", "key-1", "other", CancellationToken.None));
        Assert.IsType<IdempotencyResult.UsedForAnother>(result);
    }

    [Fact]
    public async Task The_same_key_of_another_caller_is_another_key()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await OrderOnceAsync(plane, "key-1", "hash");
        var result = await plane.InTransactionAsync((c, t) => plane.Idempotency.BeginAsync(c, t, "billing", "key-1", "hash", CancellationToken.None));
        Assert.IsType<IdempotencyResult.FirstTime>(result);
    }

    [Fact]
    public async Task A_request_that_failed_leaves_its_key_free()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await using (var connection = await plane.Database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await plane.Idempotency.BeginAsync(connection, transaction, "console", "key-1", "hash", CancellationToken.None);
            await plane.Idempotency.RecordAsync(connection, transaction, "console", "key-1", "hash", new StoredResponse(202, null, null), CancellationToken.None);
        }

        var result = await plane.InTransactionAsync((c, t) => plane.Idempotency.BeginAsync(c, t, "console", "key-1", "hash", CancellationToken.None));
        Assert.IsType<IdempotencyResult.FirstTime>(result);
    }

    [Fact]
    public async Task Of_ten_deliveries_of_one_record_at_once_one_orders_and_all_get_its_job()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var jobs = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => DeliverAsync(plane))));
        Assert.Single(jobs.Distinct());
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.tenants"));
    }

    [Fact]
    public async Task A_record_whose_tenant_failed_orders_again()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var first = await DeliverAsync(plane);
        var tenant = (await plane.Tenants.FindAsync("acme", CancellationToken.None))!;
        await plane.Lifecycle.MarkFailedAsync(
            new TenantFailure { TenantId = tenant.Id, JobId = first, Reason = "test", Inventory = new Inventory() }, CancellationToken.None);
        var second = await DeliverAsync(plane);
        Assert.NotEqual(first, second);
        Assert.Equal(second, await DeliverAsync(plane));
    }

    private static Task<StoredResponse> OrderOnceAsync(TestPlane plane, string key, string hash) => plane.InTransactionAsync(async (c, t) =>
    {
        if (await plane.Idempotency.BeginAsync(c, t, "console", key, hash, CancellationToken.None) is IdempotencyResult.Repeated repeated)
        {
            return repeated.Answer;
        }

        var reservation = Assert.IsType<Reservation>(await plane.Reservations.ReserveAsync(c, t, TestPlane.Order(), CancellationToken.None));
        var answer = new StoredResponse(202, $"/api/jobs/{reservation.JobId}", """{"code":"acme"}""");
        await plane.Idempotency.RecordAsync(c, t, "console", key, hash, answer, CancellationToken.None);
        return answer;
    });

    private static Task<string> DeliverAsync(TestPlane plane) => plane.InTransactionAsync(async (c, t) =>
    {
        if (await plane.Webhooks.BeginAsync(c, t, "console", "saas.instance", 7, customer: null, CancellationToken.None) is { } started)
        {
            Assert.Equal("acme", started.TenantCode);
            return started.JobId;
        }

        var reservation = Assert.IsType<Reservation>(await plane.Reservations.ReserveAsync(c, t, TestPlane.Order(), CancellationToken.None));
        await plane.Webhooks.RecordAsync(c, t, "console", "saas.instance", 7, reservation.JobId, reservation.TenantId, CancellationToken.None);
        return reservation.JobId;
    });
}
