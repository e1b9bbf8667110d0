using Bibind.Contracts;
using Bibind.ControlPlane.Templates;

namespace Bibind.ControlPlane.Tests;

/// <summary>What the tests of versions do with a control plane.</summary>
internal static class Planes
{
    private const string Why = "as the test wants";

    public static Task<Page<TemplateVersion>> VersionsAsync(this TestPlane plane) =>
        plane.Get<TemplateVersionStore>().ListAsync("blank", null, PageRequest.First, CancellationToken.None);

    public static Task<TemplateVersionResult> BeginBuildAsync(this TestPlane plane, string? database = null) =>
        plane.InTransactionAsync((c, t) => plane.Get<TemplateVersionStore>().BeginBuildAsync(
            c, t, new NewTemplateVersion { Code = "blank", Server = "odoo-1", Database = database, Reason = Why, RequestedBy = "test" }, CancellationToken.None));

    /// <summary>Builds the next version; answers its number.</summary>
    public static async Task<int> BuiltAsync(this TestPlane plane, TemplateContents? contents = null, string? database = null)
    {
        var begun = Assert.IsType<TemplateVersionResult.Begun>(await plane.BeginBuildAsync(database));
        await plane.Get<TemplateVersionStore>().MarkCandidateAsync(
            begun.Version.ToOrder(begun.JobId, "odoo-bin"), $"hash of {begun.Version.Number}", 1, contents, CancellationToken.None);
        return begun.Version.Number;
    }

    public static async Task<TemplateVersionResult> BeginPromotionAsync(this TestPlane plane, int number, int? canaryPercent = null)
    {
        var id = (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!.Id;
        return await plane.InTransactionAsync(
            (c, t) => plane.Get<TemplatePromotions>().BeginAsync(c, t, id, number, canaryPercent, "test", Why, CancellationToken.None));
    }

    public static PromoteVersionOrder Order(TemplateVersionResult.Begun begun, int? canaryPercent = null) => new()
    {
        TemplateId = begun.Version.TemplateId,
        Number = begun.Version.Number,
        JobId = begun.JobId,
        Code = begun.Version.Code,
        CanaryPercent = canaryPercent,
        RequestedBy = "test",
        Reason = Why,
    };

    /// <summary>Promotes as if the trial had passed.</summary>
    public static async Task<PromoteVersionOrder> PromotedAsync(this TestPlane plane, int number, int? canaryPercent = null)
    {
        var order = Order(Assert.IsType<TemplateVersionResult.Begun>(await plane.BeginPromotionAsync(number, canaryPercent)), canaryPercent);
        await plane.Get<TemplatePromotions>().PromoteAsync(new TrialEnd(order, new Inventory()), CancellationToken.None);
        return order;
    }

    public static async Task<TemplateVersionResult> RollBackAsync(this TestPlane plane, int number)
    {
        var id = (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!.Id;
        return await plane.InTransactionAsync((c, t) => plane.Get<TemplatePromotions>().RollBackAsync(c, t, id, number, "test", Why, CancellationToken.None));
    }

    public static async Task<TemplateVersionResult> RetireAsync(this TestPlane plane, int number)
    {
        var id = (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!.Id;
        return await plane.InTransactionAsync((c, t) => plane.Get<TemplateRetirements>().RetireAsync(c, t, id, number, "test", Why, CancellationToken.None));
    }

    public static async Task<CreateTemplateOrder?> BeginDropAsync(this TestPlane plane, int number)
    {
        var id = (await plane.Templates.FindAsync("odoo-1", "blank", CancellationToken.None))!.Id;
        return await plane.InTransactionAsync((c, t) => plane.Get<TemplateRetirements>().BeginDropAsync(c, t, id, number, "test", CancellationToken.None));
    }
}
