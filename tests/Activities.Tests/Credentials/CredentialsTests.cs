using Bibind.Activities.Credentials;
using Bibind.Activities.Tests.Fixtures;
using Xunit;

namespace Bibind.Activities.Tests.Credentials;

public sealed class CredentialsTests
{
    [Fact]
    public async Task The_passwords_and_the_administrators_hash_become_secrets()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();

        await world.RunAsync<PrepareCredentials>(place);

        var secrets = world.Secrets.Values;
        Assert.Equal(3, secrets.Count);
        Assert.True(PasslibPbkdf2Sha512.Verify(
            secrets[$"tenants/{place.TenantId}/administrator"], secrets[$"tenants/{place.TenantId}/administrator-hash"]));
        Assert.NotEqual(secrets[$"tenants/{place.TenantId}/administrator"], secrets[$"tenants/{place.TenantId}/user"]);
    }

    [Fact]
    public async Task Preparing_again_changes_nothing()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.RunAsync<PrepareCredentials>(place);
        var before = world.Secrets.Values.ToArray();

        await world.RunAsync<PrepareCredentials>(place);

        Assert.Equal(before, world.Secrets.Values.ToArray());
    }

    [Fact]
    public async Task A_password_that_a_crash_left_without_its_hash_gets_it()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        world.Secrets.Values[TenantSecrets.Administrator(place.TenantId)] = "left-by-a-crash";

        await world.RunAsync<PrepareCredentials>(place);

        var hash = world.Secrets.Values[TenantSecrets.AdministratorHash(place.TenantId)];
        Assert.StartsWith("$pbkdf2-sha512$6000$", hash, StringComparison.Ordinal);
        Assert.True(PasslibPbkdf2Sha512.Verify("left-by-a-crash", hash));
    }

    [Fact]
    public async Task Forgetting_deletes_the_tenants_secrets_only_and_succeeds_twice()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        world.Secrets.Values[TenantSecrets.User(place.TenantId)] = "mine";
        world.Secrets.Values[$"tenants/{place.TenantId}0/user"] = "another's";

        await world.RunAsync<ForgetCredentials>(place);
        await world.RunAsync<ForgetCredentials>(place);

        Assert.Equal("another's", Assert.Single(world.Secrets.Values).Value);
    }
}
