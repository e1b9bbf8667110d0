using System.Collections.Concurrent;
using System.Security.Cryptography;
using Bibind.ControlPlane.Secrets;
using Dapper;

namespace Bibind.ControlPlane.Tests;

/// <summary>The master key is changed while hosts with both keys, in either role, read and write.</summary>
public sealed class SecretRotationTests(PostgresCluster cluster)
{
    private readonly string _former = NewKey();
    private readonly string _next = NewKey();

    [Fact]
    public async Task Under_load_every_value_stays_the_last_one_that_was_written_and_opens_with_the_new_key_alone()
    {
        await using var before = await cluster.NewPlaneAsync(("Secrets:MasterKey", _former), ("Secrets:OtherKeys:0", _next));
        await using var after = new TestPlane(before.Database, ("Secrets:MasterKey", _next), ("Secrets:OtherKeys:0", _former));
        var written = new ConcurrentDictionary<string, string>();
        foreach (var name in Enumerable.Range(0, 500).Select(i => $"tenants/{i}/administrator"))
        {
            await before.Secrets.SetAsync(name, written[name] = "first", CancellationToken.None);
        }

        using var done = new CancellationTokenSource();
        var rotation = after.Get<SecretRotation>();
        var writers = Enumerable.Range(0, 4).Select(i => Task.Run(() => WriteAsync(i % 2 == 0 ? before : after, i, written, done.Token))).ToList();
        var rotated = 0;
        for (var i = 0; i < 5; i++)
        {
            var result = await rotation.RotateAsync(null, CancellationToken.None);
            Assert.Empty(result.Failures);
            rotated += result.Rotated;
        }

        await done.CancelAsync();
        await Task.WhenAll(writers);
        await rotation.RotateAsync(null, CancellationToken.None);

        Assert.True(rotated >= 400);
        Assert.Equal([new KeyUse(rotation.CurrentKeyId, 500)], await rotation.CountAsync(CancellationToken.None));
        await using var alone = new TestPlane(before.Database, ("Secrets:MasterKey", _next));
        foreach (var (name, value) in written)
        {
            Assert.Equal(value, await alone.Secrets.FindAsync(name, CancellationToken.None));
        }
    }

    [Fact]
    public async Task One_that_was_stopped_is_gone_on_with()
    {
        await using var before = await cluster.NewPlaneAsync(("Secrets:MasterKey", _former));
        for (var i = 0; i < 300; i++)
        {
            await before.Secrets.SetAsync($"tenants/{i}/administrator", $"value {i}", CancellationToken.None);
        }

        await using var after = new TestPlane(before.Database, ("Secrets:MasterKey", _next), ("Secrets:OtherKeys:0", _former));
        var rotation = after.Get<SecretRotation>();
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rotation.RotateAsync(new Stop(stop), stop.Token));
        Assert.Equal(2, (await rotation.CountAsync(CancellationToken.None)).Count);

        var rest = await rotation.RotateAsync(null, CancellationToken.None);

        Assert.Equal(100, rest.Rotated);
        Assert.Equal("value 7", await after.Secrets.FindAsync("tenants/7/administrator", CancellationToken.None));
    }

    [Fact]
    public async Task What_does_not_open_is_named_and_left_as_it_is()
    {
        await using var before = await cluster.NewPlaneAsync(("Secrets:MasterKey", _former));
        await before.Secrets.SetAsync("tenants/1/administrator", "kept", CancellationToken.None);
        await before.Secrets.SetAsync("tenants/2/administrator", "altered", CancellationToken.None);
        await using var third = new TestPlane(before.Database, ("Secrets:MasterKey", NewKey()));
        await third.Secrets.SetAsync("tenants/3/administrator", "of a third key", CancellationToken.None);
        await using var connection = await before.Database.OpenConnectionAsync();
        await connection.ExecuteAsync("update control.secrets set ciphertext = ciphertext || '\\x00'::bytea where name like 'tenants/2/%'");
        await using var after = new TestPlane(before.Database, ("Secrets:MasterKey", _next), ("Secrets:OtherKeys:0", _former));

        var result = await after.Get<SecretRotation>().RotateAsync(null, CancellationToken.None);

        Assert.Equal(1, result.Rotated);
        Assert.Collection(
            result.Failures,
            f => Assert.Contains("tenants/2/administrator", f, StringComparison.Ordinal),
            f => Assert.Contains("tenants/3/administrator", f, StringComparison.Ordinal));
        Assert.Equal("of a third key", await third.Secrets.FindAsync("tenants/3/administrator", CancellationToken.None));
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    // Each writer has names of its own, so that the last value of each is known.
    private static async Task WriteAsync(TestPlane plane, int writer, ConcurrentDictionary<string, string> written, CancellationToken done)
    {
        for (var i = 0; !done.IsCancellationRequested; i++)
        {
            var name = $"tenants/{(((i * 4) + writer) % 100) + 400}/administrator";
            var value = $"{writer} wrote {i}";
            await plane.Secrets.SetAsync(name, value, CancellationToken.None);
            written[name] = value;
            Assert.Equal(value, await plane.Secrets.FindAsync(name, CancellationToken.None));
        }
    }

    private sealed class Stop(CancellationTokenSource stop) : IProgress<int>
    {
        public void Report(int value) => stop.Cancel();
    }
}
