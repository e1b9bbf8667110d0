using Bibind.Activities.Application;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Local.RealServers;

namespace Bibind.Activities.Tests.RealOdoo;

/// <summary>The product's effects over a real Odoo: its template, its file store, its databases.</summary>
internal sealed class OdooTenant : IAsyncDisposable
{
    private readonly List<TenantDescriptor> _places = [];

    private OdooTenant(World world, Bibind.Testing.Servers.RealOdoo odoo) => (World, Odoo) = (world, odoo);

    public World World { get; }

    public Bibind.Testing.Servers.RealOdoo Odoo { get; }

    public static async Task<OdooTenant> CreateAsync(params (string Key, string? Value)[] settings)
    {
        var odoo = await Bibind.Testing.Servers.RealOdoo.GetAsync();
        var world = await World.CreateAsync([("FileStore:Provider", "folder"), ("FileStore:Folder", odoo.Server.FileStore), .. settings]);
        world.Server.Connection = world.Server.Connection with { Url = odoo.Server.Url, MasterPassword = odoo.Server.MasterPassword };
        return new OdooTenant(world, odoo);
    }

    /// <summary>An order for a tenant of the real template.</summary>
    public static TenantDescriptor NewPlace(string language = "fr_FR") => World.NewPlace() with
    {
        TemplateDatabase = Bibind.Testing.Servers.RealOdoo.Template,
        HasFileStore = true,
        Locale = new TenantLocale { Language = language, TimeZone = "Europe/Paris", Currency = "EUR", Country = "FR" },
    };

    /// <summary>A clone with its files that is not configured yet.</summary>
    public async Task<TenantDescriptor> CloneAsync(TenantDescriptor place)
    {
        _places.Add(place);
        await World.CloneAsync(place);
        await World.RunAsync<CopyFileStore, TenantDescriptor, FileStoreCopied>(place);
        return place;
    }

    /// <summary>A tenant that the application serves.</summary>
    public async Task<TenantDescriptor> ProvisionAsync(TenantDescriptor place)
    {
        await CloneAsync(place);
        await World.RunAsync<ConfigureApplication>(place);
        await World.RunAsync<HandOverApplication>(place);
        return place;
    }

    /// <summary>By JSON-RPC as the administrator of a tenant.</summary>
    public Task<OdooSession> SignInAsync(TenantDescriptor place) => Odoo.Client.SignInAsync(place.Database, "admin", "administrator-password");

    public async ValueTask DisposeAsync()
    {
        foreach (var place in _places)
        {
            await World.RunAsync<RemoveFileStore>(place);
            await World.RunAsync<DropDatabase>(place);
        }

        await World.DisposeAsync();
    }
}
