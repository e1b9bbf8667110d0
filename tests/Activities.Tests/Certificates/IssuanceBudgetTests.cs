using Bibind.ControlPlane.Certificates;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

public sealed class IssuanceBudgetTests
{
    private static readonly IssuanceLimits Limits = new(5, 3);

    [Fact]
    public async Task Orders_at_the_same_time_never_exceed_the_week()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Acme:Directory", "https://ca.example/dir"));
        var budget = world.Get<IssuanceBudget>();

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(i => budget.TakeAsync($"t{i}.example.com", Limits, CancellationToken.None)));

        Assert.Equal(5, answers.Count(a => a.OrderId is not null));
        Assert.All(answers.Where(a => a.OrderId is null), a => Assert.NotNull(a.RoomAt));
    }

    [Fact]
    public async Task An_order_that_failed_gives_its_place_back()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Acme:Directory", "https://ca.example/dir"));
        var budget = world.Get<IssuanceBudget>();
        for (var i = 0; i < 5; i++)
        {
            var taken = await budget.TakeAsync($"t{i}.example.com", Limits, CancellationToken.None);
            await budget.EndAsync(taken.OrderId!.Value, "it could not be proved", CancellationToken.None);
        }

        Assert.NotNull((await budget.TakeAsync("t9.example.com", Limits, CancellationToken.None)).OrderId);
    }

    [Fact]
    public async Task There_is_room_when_the_oldest_order_is_a_week_old()
    {
        await using var world = await CertificateWorld.CreateAsync(("Certificates:Acme:Directory", "https://ca.example/dir"));
        var budget = world.Get<IssuanceBudget>();
        for (var i = 0; i < 5; i++)
        {
            await budget.TakeAsync($"t{i}.example.com", Limits, CancellationToken.None);
            world.Clock.Lead += TimeSpan.FromDays(1);
        }

        var full = await budget.TakeAsync("t9.example.com", Limits, CancellationToken.None);
        world.Clock.Lead += full.RoomAt!.Value - world.Clock.GetUtcNow() + TimeSpan.FromSeconds(1);

        Assert.InRange(full.RoomAt!.Value - world.Clock.GetUtcNow(), TimeSpan.FromSeconds(-5), TimeSpan.Zero);
        Assert.NotNull((await budget.TakeAsync("t9.example.com", Limits, CancellationToken.None)).OrderId);
    }

    [Theory]
    [InlineData("shop.example.com", "example.com")]
    [InlineData("*.apps.example.com", "example.com")]
    [InlineData("example.com", "example.com")]
    [InlineData("a.b.example.co.uk", "example.co.uk")]
    [InlineData("co.uk", "co.uk")]
    [InlineData("www.example.fr", "example.fr")]
    public void The_registered_domain_is_what_is_below_the_public_suffix(string host, string domain) =>
        Assert.Equal(domain, RegisteredDomain.Of(host));
}
