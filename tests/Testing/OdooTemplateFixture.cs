using Bibind.Local;

namespace Bibind.Testing;

/// <summary>A small Odoo-shaped template, built once for all tests of a process and locked as a template in production is.</summary>
public static class OdooTemplateFixture
{
    /// <summary>Its database.</summary>
    public const string Database = "template_small";

    private static readonly Lazy<Task<EmbeddedPostgres>> Shared = new(BuildAsync);

    /// <summary>The server that has it.</summary>
    public static Task<EmbeddedPostgres> GetAsync() => Shared.Value;

    /// <summary>A clone that belongs to the application's role.</summary>
    public static async Task<TestDatabase> CloneAsync()
    {
        await GetAsync();
        return await TestDatabase.CreateAsync(LocalServer.ApplicationRole, Database);
    }

    private static async Task<EmbeddedPostgres> BuildAsync()
    {
        var server = await PostgresFixture.GetAsync();
        await OdooTemplate.BuildAsync(
            server.SuperuserConnectionString, Database, OdooVariant.Blank, OdooTemplateOptions.Small with { LockAfter = true });
        return server;
    }
}
