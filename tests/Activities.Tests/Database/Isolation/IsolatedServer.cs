using Bibind.Local;
using Bibind.Local.RealServers;
using Bibind.Testing;

namespace Bibind.Activities.Tests.Database.Isolation;

/// <summary>A cluster whose tenants have roles of their own, a template for them, and the PgBouncer before it; one for all tests of a class.</summary>
public sealed class IsolatedServer : IAsyncDisposable
{
    public const string Template = "template_isolated";

    private IsolatedServer(EmbeddedPostgres postgres, PgBouncerServer pooler) => (Postgres, Pooler) = (postgres, pooler);

    public EmbeddedPostgres Postgres { get; }

    public PgBouncerServer Pooler { get; }

    public static async Task<IsolatedServer> StartAsync()
    {
        var postgres = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { DataFolder = PostgresFixture.NewClusterFolder(), Fsync = false, DeleteOnStop = true });
        await LocalServer.PrepareAsync(postgres);
        await TenantIsolation.PrepareAsync(postgres, LocalServer.ControlRole);
        await OdooTemplate.BuildAsync(
            postgres.SuperuserConnectionString, Template, OdooVariant.Blank, OdooTemplateOptions.Small with { LockAfter = true });
        await TenantIsolation.GiveTemplateAsync(postgres, Template);
        return new IsolatedServer(postgres, await PgBouncerServer.StartAsync(postgres, [LocalServer.ApplicationRole]));
    }

    public async ValueTask DisposeAsync()
    {
        await Pooler.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
