using Bibind.Activities.Credentials;
using Bibind.Testing;
using Microsoft.Extensions.Options;
using Xunit;

namespace Bibind.Activities.Tests.Credentials;

public sealed class PreparedPasswordsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_started_pool_fills_and_gives_each_password_once()
    {
        using var pool = new PreparedPasswords(Options.Create(new CredentialsOptions { PoolSize = 1 }));
        await pool.StartAsync(CancellationToken.None);
        await Eventually.UntilAsync(() => pool.Count == 1, Limit, "the pool is full");

        var first = pool.Take();
        await Eventually.UntilAsync(() => pool.Count == 1, Limit, "the pool is full again");
        var second = pool.Take();

        Assert.NotEqual(first.Password, second.Password);
        Assert.True(PasslibPbkdf2Sha512.Verify(first.Password, first.Hash));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_pool_that_has_none_keeps_nobody_waiting(int size)
    {
        using var pool = new PreparedPasswords(Options.Create(new CredentialsOptions { PoolSize = size }));

        var made = pool.Take();

        Assert.StartsWith("$pbkdf2-sha512$6000$", made.Hash, StringComparison.Ordinal);
        Assert.True(PasslibPbkdf2Sha512.Verify(made.Password, made.Hash));
    }

    [Fact]
    public void A_prepared_password_is_not_printed() =>
        Assert.Equal("PreparedPassword", new PreparedPassword("password", "hash").ToString());

    [Fact]
    public void A_password_is_long_and_has_nothing_that_looks_alike() =>
        Assert.Matches("^[a-km-zA-HJ-NP-Z2-9]{24}$", RandomPassword.Make());
}
