using System.Globalization;
using System.Text.Json.Nodes;

namespace Bibind.Local.Demo;

/// <summary>The order of a demonstration tenant, as an automation rule of Odoo 18 sends it: sorted keys, <c>false</c> for empty.</summary>
internal static class DemoOrder
{
    /// <summary>Of the made-up templates the fullest; with a real Odoo there is only the plain one.</summary>
    public static string TemplateOf(SettingsFile settings) => settings.Find("Seed__Templates__restaurant") is null ? "blank" : "restaurant";

    public static JsonObject Body(int number, string template)
    {
        var n = number.ToString(CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["_action"] = $"Provision(#{n})",
            ["_id"] = number,
            ["_model"] = "saas.instance",
            ["code"] = $"demo-{n}",
            ["currency"] = "EUR",
            ["customer_email"] = $"owner@demo-{n}.example.com",
            ["customer_name"] = $"Owner of Demo {n}",
            ["id"] = number,
            ["lang"] = "fr_FR",
            ["name"] = $"Demo {n}",
            ["offer"] = "odoo-shared",
            ["plan"] = "starter",
            ["template"] = template,
            ["tz"] = "Europe/Paris",
            ["vat"] = false,
        };
    }
}
