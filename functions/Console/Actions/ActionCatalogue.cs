namespace Bibind.WebConsole.Actions;

/// <summary>Everything that can be done in the console.</summary>
internal static class ActionCatalogue
{
    public static IReadOnlyList<ConsoleAction> All { get; } = [.. TenantActions.All, .. JobActions.All, .. FleetActions.All, .. ReleaseActions.All, .. CatalogueActions.All, .. AccessActions.All];

    /// <summary>The act of a name; null if there is none.</summary>
    public static ConsoleAction? Find(string area, string name) => All.FirstOrDefault(a => a.Area == area && a.Name == name);
}
