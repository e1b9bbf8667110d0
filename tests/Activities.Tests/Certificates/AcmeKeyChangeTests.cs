using System.Net.Sockets;
using Bibind.Activities.Certificates;
using Bibind.Activities.Certificates.Acme;
using Bibind.Activities.Tests.Dns;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>Another key for our account, at a real Pebble: while hosts order, and cut short wherever it can be.</summary>
[Collection(RealDns.Name)]
public sealed class AcmeKeyChangeTests
{
    private static CancellationToken None => CancellationToken.None;

    [Fact]
    public async Task The_account_stays_and_the_former_key_opens_nothing()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var (account, former) = (await world.AccountAsync(), await KeyAsync(world));

        Assert.Equal(AccountKeyChange.Changed, await world.Get<ICertificateAccount>().ChangeKeyAsync(None));

        var next = await KeyAsync(world);
        Assert.NotEqual(former, next);
        await AssertSettledAsync(world);
        await using var restarted = await world.RestartAsync();
        Assert.Equal(account, await restarted.AccountAsync());
        Assert.Null(await FindAccountAsync(world, former!));
        Assert.Equal(account.AbsoluteUri, await FindAccountAsync(world, next!));
        Assert.All(world.Logs.Lines, m => Assert.DoesNotContain("PRIVATE KEY", m, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_host_that_knows_the_former_key_goes_on_with_the_new_one()
    {
        await using var world = await CertificateWorld.CreateAsync();
        await using var other = await world.RestartAsync();
        var (account, place) = (await other.AccountAsync(), world.NewPlace());

        await world.Get<ICertificateAccount>().ChangeKeyAsync(None);
        await other.Certificates.IssueAsync(place, None);
        await other.Certificates.RevokeAsync(place, None);

        Assert.Equal(account, await other.AccountAsync());
        Assert.Equal(1, await world.CountAsync("certificate_orders"));
    }

    [Fact]
    public async Task A_change_whose_end_was_never_stored_is_found_by_the_next_order()
    {
        var isDead = false;
        await using var proxy = await DieAfterChangeAsync(() => isDead, dead => isDead = dead);
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings]);
        await using var other = await world.RestartAsync([.. proxy.Settings]);
        var (account, former) = (await other.AccountAsync(), await KeyAsync(world));

        // The authority has made the change, and everything after that is lost, as if the process had ended.
        await Assert.ThrowsAsync<TransientFailureException>(() => world.Get<ICertificateAccount>().ChangeKeyAsync(None));
        Assert.Equal(former, await KeyAsync(world));
        var pending = await NextKeyAsync(world);
        isDead = false;
        await using var restarted = await world.RestartAsync([.. proxy.Settings]);
        await Task.WhenAll(
            other.Certificates.IssueAsync(world.NewPlace(), None), restarted.Certificates.IssueAsync(world.NewPlace(), None));

        Assert.NotNull(pending);
        Assert.Equal(pending, await KeyAsync(world));
        await AssertSettledAsync(world);
        Assert.Equal((account, account), (await other.AccountAsync(), await restarted.AccountAsync()));
    }

    [Fact]
    public async Task A_change_whose_end_was_never_stored_is_finished_by_the_next_one()
    {
        var isDead = false;
        await using var proxy = await DieAfterChangeAsync(() => isDead, dead => isDead = dead);
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings]);
        var account = await world.AccountAsync();
        await Assert.ThrowsAsync<TransientFailureException>(() => world.Get<ICertificateAccount>().ChangeKeyAsync(None));
        var pending = await NextKeyAsync(world);
        isDead = false;

        await using var restarted = await world.RestartAsync([.. proxy.Settings]);
        Assert.Equal(AccountKeyChange.Finished, await restarted.Get<ICertificateAccount>().ChangeKeyAsync(None));
        Assert.Equal(pending, await KeyAsync(world));
        Assert.Equal(AccountKeyChange.Changed, await restarted.Get<ICertificateAccount>().ChangeKeyAsync(None));

        Assert.NotEqual(pending, await KeyAsync(world));
        Assert.Equal(account, await restarted.AccountAsync());
    }

    [Fact]
    public async Task A_change_that_the_authority_never_heard_of_is_made_by_the_next_one()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var account = await world.AccountAsync();
        var pending = AcmeKey.NewPem();
        await world.Secrets.SetAsync(NextKeyNameOf(await SharedDirectoryAsync()), pending, None);

        // Orders go on with the key that counts.
        await using var restarted = await world.RestartAsync();
        await restarted.Certificates.IssueAsync(world.NewPlace(), None);
        Assert.NotEqual(pending, await KeyAsync(world));

        Assert.Equal(AccountKeyChange.Changed, await restarted.Get<ICertificateAccount>().ChangeKeyAsync(None));

        Assert.Equal(pending, await KeyAsync(world));
        await AssertSettledAsync(world);
        Assert.Equal(account, await restarted.AccountAsync());
    }

    [Fact]
    public async Task An_order_whose_proof_is_by_the_former_key_is_placed_anew()
    {
        CertificateWorld? second = null;
        var changes = 0;
        await using var proxy = await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), async (answer, _) =>
        {
            // The host has read what it is to prove, and proves it with the key that it knows.
            if (answer.IsAuthorization && Interlocked.Increment(ref changes) == 1)
            {
                Assert.Equal(AccountKeyChange.Changed, await second!.Get<ICertificateAccount>().ChangeKeyAsync(None));
            }
        });
        await using var world = await CertificateWorld.CreateAsync([.. proxy.Settings]);
        await using var other = second = await world.RestartAsync([.. proxy.Settings]);
        var place = world.NewPlace();

        await world.Certificates.IssueAsync(place, None);

        Assert.NotNull(await world.Found.FindAsync(place, None));
        Assert.InRange(await world.CountAsync("certificate_orders"), 1, 2);
    }

    [Fact]
    public async Task Two_changes_at_once_come_one_after_the_other()
    {
        await using var world = await CertificateWorld.CreateAsync();
        await using var other = await world.RestartAsync();
        var account = await world.AccountAsync();

        var changes = await Task.WhenAll(world.Get<ICertificateAccount>().ChangeKeyAsync(None), other.Get<ICertificateAccount>().ChangeKeyAsync(None));

        Assert.All(changes, c => Assert.Equal(AccountKeyChange.Changed, c));
        await AssertSettledAsync(world);
        Assert.Equal(account.AbsoluteUri, await FindAccountAsync(world, (await KeyAsync(world))!));
    }

    [Fact]
    public async Task Without_an_account_there_is_nothing_to_change()
    {
        await using var world = await CertificateWorld.CreateAsync();

        Assert.Equal(AccountKeyChange.NoAccount, await world.Get<ICertificateAccount>().ChangeKeyAsync(None));

        Assert.Null(await KeyAsync(world));
    }

    private static async Task<AcmeStub> DieAfterChangeAsync(Func<bool> isDead, Action<bool> die) =>
        await AcmeProxy.StartAsync(await SharedServers.PebbleAsync(), (answer, http) =>
        {
            // The first change only.
            if (answer is { Number: 1 } && answer.Path.Contains("rollover", StringComparison.Ordinal))
            {
                die(true);
            }

            return isDead() ? throw new SocketException((int)SocketError.ConnectionReset) : Task.CompletedTask;
        });

    private static async Task<Uri> SharedDirectoryAsync() => (await SharedServers.PebbleAsync()).Directory;

    private static string NextKeyNameOf(Uri directory) => CertificateNames.NextAccountKey(directory);

    private static Uri DirectoryOf(CertificateWorld world) =>
        new(world.Get<Microsoft.Extensions.Options.IOptions<CertificateOptions>>().Value.Acme.Directory);

    private static Task<string?> KeyAsync(CertificateWorld world) => world.Secrets.FindAsync(CertificateNames.AccountKey(DirectoryOf(world)), None);

    private static Task<string?> NextKeyAsync(CertificateWorld world) => world.Secrets.FindAsync(NextKeyNameOf(DirectoryOf(world)), None);

    private static async Task AssertSettledAsync(CertificateWorld world) => Assert.Null(await NextKeyAsync(world));

    // What Pebble itself says of a key.
    private static async Task<string?> FindAccountAsync(CertificateWorld world, string pem)
    {
        var transport = world.Get<AcmeTransport>();
        try
        {
            var answer = await transport.PostAsync(
                new AcmeKey(pem), null, (await transport.DirectoryAsync(None)).NewAccount,
                new System.Text.Json.Nodes.JsonObject { ["onlyReturnExisting"] = true }, None);
            return answer.Headers.Location!.AbsoluteUri;
        }
        catch (AcmeProblemException none) when (none.Problem.Type == AcmeProblem.AccountDoesNotExist)
        {
            return null;
        }
    }
}
