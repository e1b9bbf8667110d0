using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing;

namespace Bibind.Activities.Tests.Database.Isolation;

/// <summary>A cluster whose tenants have roles of their own, a template for them, and the PgBouncer before it; one for all tests of a process.</summary>
public sealed class IsolatedServer
{
    /// <summary>The collection of those who use it: some compare all of its roles before and after, and while a clone is given away the template's role has the tenant's.</summary>
    public const string Collection = "isolated server";

    public const string Template = "template_isolated";

    private static readonly Lazy<Task<IsolatedServer>> Shared = new(StartAsync);

    private IsolatedServer(EmbeddedPostgres postgres, PgBouncerServer pooler) => (Postgres, Pooler) = (postgres, pooler);

    public EmbeddedPostgres Postgres { get; }

    public PgBouncerServer Pooler { get; }

    /// <summary>What tells the product of it.</summary>
    public (string Key, string? Value)[] Settings =>
    [
        ("Database:PgBouncer:0:Server", "srv-1"),
        ("Database:PgBouncer:0:DatabasesFile", Pooler.DatabasesFile),
        ("Database:PgBouncer:0:Port", Pooler.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        ("Database:PgBouncer:0:AdminPassword", Pooler.AdminPassword),
        ("Database:PgBouncer:0:TemplatePassword", Postgres.PasswordOf(TenantIsolation.TemplateRole)),
    ];

    public static Task<IsolatedServer> GetAsync() => Shared.Value;

    private static async Task<IsolatedServer> StartAsync()
    {
        var postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataFolder = PostgresFixture.NewClusterFolder(), Fsync = false, DeleteOnStop = true });
        await LocalServer.PrepareAsync(postgres);
        await TenantIsolation.PrepareAsync(postgres, LocalServer.MaintenanceRole);
        await OdooTemplate.BuildAsync(
            postgres.SuperuserConnectionString, Template, OdooVariant.Blank, OdooTemplateOptions.Small with { LockAfter = true });
        await TenantIsolation.GiveTemplateAsync(postgres, Template);
        return new IsolatedServer(postgres, await PgBouncerServer.StartAsync(postgres, [LocalServer.ApplicationRole], []));
    }
}
