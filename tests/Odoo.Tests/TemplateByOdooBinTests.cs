using System.Text.Json.Nodes;

namespace Bibind.Odoo.Tests;

/// <summary>Templates that the product has Odoo's own program make.</summary>
public sealed class TemplateByOdooBinTests
{
    [Fact]
    public async Task A_template_by_odoo_bin_has_its_files_and_tenants_of_it_sign_in()
    {
        await using var world = await OdooWorld.StartAsync();
        var template = world.NewCode();
        var database = $"template_{template}";
        try
        {
            await world.SucceedsAsync("/api/templates", new JsonObject
            {
                ["code"] = template,
                ["server"] = "local",
                ["modules"] = new JsonArray("base", "web", "mail", "portal"),
                ["language"] = "fr_FR",
            });

            // The template itself is closed; a clone has what it has, and got every file of it from there.
            var code = await world.OrderAsync(template: template);
            Assert.NotEmpty(Directory.EnumerateFiles(Path.Combine(world.Odoo.Server.FileStore, database), "*", SearchOption.AllDirectories));
            Assert.Empty(await world.MissingFilesAsync(code));
            var people = await world.RevealAsync(code);
            using var visitor = await world.VisitAsync(code);
            Assert.NotNull(await visitor.SignInAsync(people[0].Login, people[0].Password));
            var (status, _) = await visitor.GetAsync("web/image/res.company/1/logo");
            Assert.Equal(System.Net.HttpStatusCode.OK, status);
        }
        finally
        {
            await world.Effects.Installation.DropAsync(database);
            Directory.Delete(Path.Combine(world.Odoo.Server.FileStore, database), recursive: true);
        }
    }
}
