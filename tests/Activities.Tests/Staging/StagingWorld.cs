using Bibind.Activities.Staging;
using Bibind.Activities.Tests.Application;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;

namespace Bibind.Activities.Tests.Staging;

/// <summary>Databases that are to become staging copies.</summary>
internal static class StagingWorld
{
    /// <summary>A copy that has everything that must not go out of it.</summary>
    public static async Task<TenantDescriptor> CopyAsync(this World world, string further = "select 1")
    {
        var place = World.NewPlace();
        place = await world.CloneAsync(place with { StagingOf = place.TenantId + 1_000_000 });
        await world.ExecuteAsApplicationAsync(string.Join(";\n", Inherited.All.Select(i => i.Setup).Append(further)), place.Database);
        return place;
    }

    public static Task<StagingReport> StageAsync(this World world, TenantDescriptor place, params MaskingRule[] rules) =>
        world.RunAsync<NeutraliseStagingCopy, StagingTarget, StagingReport>(new StagingTarget(place, rules));

    public static MaskingRule Rule(string table, string column, string method, string? value = null) =>
        new() { Table = table, Column = column, Method = method, Value = value };
}
