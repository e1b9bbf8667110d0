using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>A host that starts on data of before. It has a host of its own: what others order makes rows until it has ended.</summary>
public sealed class SecondStartTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_second_start_on_the_same_data_leaves_everything_as_it_is()
    {
        await host.ExecuteAsync("update control.servers set name = 'Renamed by an operator' where code = 'local'");
        var before = await host.CountRowsAsync();
        await using (var second = FunctionsHost.Build(host.Arguments()))
        {
            await second.StartAsync();
            await second.StopAsync();
        }

        Assert.Equal(before, await host.CountRowsAsync());
        Assert.Equal("Renamed by an operator", await host.ScalarAsync<string>("select name from control.servers where code = 'local'"));
    }
}
