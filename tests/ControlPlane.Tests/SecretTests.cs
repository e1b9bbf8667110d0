using System.Security.Cryptography;
using System.Text;
using Bibind.ControlPlane.Secrets;
using Dapper;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Tests;

public sealed class SecretTests(PostgresCluster cluster)
{
    private const string Name = "tenants/17/administrator";

    [Fact]
    public async Task A_secret_comes_back_as_it_was_stored()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "pässword ✓", CancellationToken.None);
        Assert.Equal("pässword ✓", await plane.Secrets.FindAsync(Name, CancellationToken.None));
    }

    [Fact]
    public async Task A_secret_that_was_never_stored_is_null()
    {
        await using var plane = await cluster.NewPlaneAsync();
        Assert.Null(await plane.Secrets.FindAsync(Name, CancellationToken.None));
    }

    [Fact]
    public async Task The_table_does_not_hold_the_plaintext()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "very-visible-plaintext", CancellationToken.None);
        await using var connection = await plane.Database.OpenConnectionAsync();
        var stored = await connection.QuerySingleAsync<byte[]>("select ciphertext from control.secrets");
        Assert.Equal(-1, stored.AsSpan().IndexOf(Encoding.UTF8.GetBytes("visible")));
        Assert.Equal("very-visible-plaintext".Length + 16, stored.Length);
    }

    [Fact]
    public async Task The_same_value_is_never_stored_the_same_way_twice()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync("a", "same", CancellationToken.None);
        await plane.Secrets.SetAsync("b", "same", CancellationToken.None);
        Assert.Equal(2, await plane.ScalarAsync<int>("select count(distinct (nonce, ciphertext))::int from control.secrets"));
    }

    [Fact]
    public async Task Another_master_key_is_named_as_the_cause()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "value", CancellationToken.None);
        await using var other = new TestPlane(plane.Database, ("Secrets:MasterKey", Convert.ToBase64String(new byte[32])));
        var error = await Assert.ThrowsAsync<CryptographicException>(() => other.Secrets.FindAsync(Name, CancellationToken.None));
        Assert.Contains("Secrets__MasterKey", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("value", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_is_moved_to_another_name_does_not_open()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "value", CancellationToken.None);
        await plane.ScalarAsync<int>("update control.secrets set name = 'tenants/18/administrator'");
        await Assert.ThrowsAsync<CryptographicException>(() => plane.Secrets.FindAsync("tenants/18/administrator", CancellationToken.None));
    }

    [Fact]
    public async Task Of_twenty_that_make_a_secret_at_once_all_get_the_same_one()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var values = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            Task.Run(() => plane.Secrets.GetOrSetAsync(Name, () => $"value-{i}", CancellationToken.None))));
        Assert.Single(values.Distinct());
        Assert.Equal(values[0], await plane.Secrets.FindAsync(Name, CancellationToken.None));
    }

    [Fact]
    public async Task A_prefix_covers_whole_segments_only()
    {
        await using var plane = await cluster.NewPlaneAsync();
        foreach (var name in new[] { "tenants/1/a", "tenants/1/b", "tenants/17/a", "tenants/1" })
        {
            await plane.Secrets.SetAsync(name, "v", CancellationToken.None);
        }

        Assert.Equal(3, await plane.Secrets.CountAsync("tenants/1", CancellationToken.None));
        Assert.Equal(3, await plane.Secrets.DeleteAsync("tenants/1/", CancellationToken.None));
        Assert.Equal(1, await plane.Secrets.CountAsync("tenants", CancellationToken.None));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public async Task An_empty_prefix_deletes_nothing(string prefix)
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "v", CancellationToken.None);
        await Assert.ThrowsAsync<ArgumentException>(() => plane.Secrets.DeleteAsync(prefix, CancellationToken.None));
        Assert.Equal(1, await plane.Secrets.CountAsync("tenants", CancellationToken.None));
    }

    [Fact]
    public async Task Passwords_are_shown_once()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "one", CancellationToken.None);
        await plane.Secrets.SetAsync("tenants/17/user", "two", CancellationToken.None);
        var shown = Assert.IsType<SecretsReveal.Revealed>(await plane.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None));
        Assert.Equal(new Dictionary<string, string> { ["administrator"] = "one", ["user"] = "two" }, shown.Values);
        Assert.IsType<SecretsReveal.AlreadyRevealed>(await plane.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None));
    }

    [Fact]
    public async Task Of_ten_that_ask_at_once_one_is_shown_the_passwords()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "one", CancellationToken.None);
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ =>
            Task.Run(() => plane.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None))));
        Assert.Single(answers.OfType<SecretsReveal.Revealed>());
        Assert.Equal(9, answers.OfType<SecretsReveal.AlreadyRevealed>().Count());
    }

    [Fact]
    public async Task Only_the_named_secrets_are_shown()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "one", CancellationToken.None);
        await plane.Secrets.SetAsync("tenants/17/api-key", "two", CancellationToken.None);
        var shown = Assert.IsType<SecretsReveal.Revealed>(
            await plane.Secrets.RevealOnceAsync("tenants/17", ["administrator", "user"], null, CancellationToken.None));
        Assert.Equal(["administrator"], shown.Values.Keys);
    }

    [Fact]
    public async Task A_wrong_key_does_not_use_up_the_one_time()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "one", CancellationToken.None);
        await using var other = new TestPlane(plane.Database, ("Secrets:MasterKey", Convert.ToBase64String(new byte[32])));
        await Assert.ThrowsAsync<CryptographicException>(() => other.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None));
        Assert.IsType<SecretsReveal.Revealed>(await plane.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None));
    }

    [Fact]
    public async Task A_new_password_can_be_shown_again()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Secrets.SetAsync(Name, "one", CancellationToken.None);
        await plane.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None);
        await plane.Secrets.SetAsync(Name, "two", CancellationToken.None);
        var shown = Assert.IsType<SecretsReveal.Revealed>(await plane.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None));
        Assert.Equal("two", shown.Values["administrator"]);
    }

    [Fact]
    public async Task Where_there_is_nothing_to_show_the_answer_says_so()
    {
        await using var plane = await cluster.NewPlaneAsync();
        Assert.IsType<SecretsReveal.NoneThere>(await plane.Secrets.RevealOnceAsync("tenants/17", null, null, CancellationToken.None));
    }

    [Fact]
    public void A_reveal_does_not_print_its_values() =>
        Assert.DoesNotContain("hidden", new SecretsReveal.Revealed(new Dictionary<string, string> { ["user"] = "hidden" }).ToString(), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "is not set")]
    [InlineData("not base64!", "is not base64")]
    [InlineData("AAAA", "holds 3 bytes")]
    public async Task A_bad_master_key_is_named_by_its_setting(string key, string problem)
    {
        await using var database = await cluster.NewDatabaseAsync();
        await using var plane = new TestPlane(database, ("Secrets:MasterKey", key));
        var error = Assert.Throws<OptionsValidationException>(() => plane.Secrets);
        Assert.Contains("Secrets__MasterKey", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }
}
