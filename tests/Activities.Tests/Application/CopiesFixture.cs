using Bibind.Activities.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Xunit;

namespace Bibind.Activities.Tests.Application;

/// <summary>A clone of a template, and a copy of a tenant, each of which had everything that must not be inherited.</summary>
public sealed class CopiesFixture : IAsyncLifetime
{
    private World? _world;
    private TenantDescriptor? _clone;
    private TenantDescriptor? _copy;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _clone = await FilledAsync(_world);
        await _world.RunAsync<ConfigureApplication>(_clone);
        _copy = await FilledAsync(_world);
        await _world.RunAsync<AdoptApplication>(_copy);
    }

    /// <summary>How many rows the clone, or else the copy, has.</summary>
    public Task<long> CountAsync(bool ofTenant, string from) => AskAsync<long>(ofTenant, $"select count(*) from {from}");

    internal async Task<T?> AskAsync<T>(bool ofTenant, string sql) => await _world!.AskAsync<T>(sql, (ofTenant ? _copy! : _clone!).Database);

    public ValueTask DisposeAsync() => _world?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static async Task<TenantDescriptor> FilledAsync(World world)
    {
        var place = await world.CloneAsync();

        await world.ExecuteAsApplicationAsync(string.Join(";\n", Inherited.All.Select(i => i.Setup)), place.Database);
        return place;
    }
}
