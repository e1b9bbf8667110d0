using Bibind.Activities.Database.Isolation;
using Bibind.Activities.Tests.Database.Isolation;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Activities.Tests.Templates;
using Bibind.Contracts;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Hostile;

/// <summary>Whom a tenant's SQL runs as: the application's role, which all share, or a role of the tenant's own.</summary>
internal sealed class HostileMode
{
    public const string Shared = "shared";
    public const string Role = "role";

    private HostileMode(World world, bool isIsolated) => (World, IsIsolated) = (world, isIsolated);

    public World World { get; }

    public bool IsIsolated { get; }

    /// <summary>The template that tenants are cloned from.</summary>
    public string Template => IsIsolated ? IsolatedServer.Template : OdooTemplateFixture.Database;

    /// <summary>Who builds templates.</summary>
    public string BuilderRole => IsIsolated ? TenantIsolation.TemplateRole : LocalServer.ApplicationRole;

    public static async Task<HostileMode> StartAsync(string mode)
    {
        if (mode == Shared)
        {
            return new HostileMode(await TemplateWorld.CreateAsync(), isIsolated: false);
        }

        var server = await IsolatedServer.GetAsync();
        return new HostileMode(await TemplateWorld.CreateAsync(settings: server.Settings, cluster: server.Postgres), isIsolated: true);
    }

    public TenantDescriptor NewPlace()
    {
        var place = World.NewPlace() with { TemplateDatabase = Template };
        return IsIsolated ? place with { DatabaseRole = TenantRoles.NameOf(place) } : place;
    }

    public static string RoleOf(TenantDescriptor place) => place.DatabaseRole ?? LocalServer.ApplicationRole;

    /// <summary>True for who may run what tenants and builders plant: the one whose it is.</summary>
    public bool MayRun(string role) => IsIsolated ? role.StartsWith("t_", StringComparison.Ordinal) || role == BuilderRole : role == LocalServer.ApplicationRole;

    /// <summary>As a tenant, to a database of any name.</summary>
    public Task<NpgsqlConnection> OpenAsAsync(TenantDescriptor place, string database) => OpenAsync(
        database, RoleOf(place),
        place.DatabaseRole is null ? World.Postgres.PasswordOf(LocalServer.ApplicationRole) : World.Secrets.Values[Activities.Credentials.TenantSecrets.DatabaseRole(place.TenantId)]);

    public Task<NpgsqlConnection> OpenAsBuilderAsync(string database) => OpenAsync(database, BuilderRole, World.Postgres.PasswordOf(BuilderRole));

    private async Task<NpgsqlConnection> OpenAsync(string database, string user, string password)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(World.Postgres.ConnectionString(database))
        {
            Username = user,
            Password = password,
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }
}
