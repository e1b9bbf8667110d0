using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Looks whether a template holds what a tenant's configuration will need.</summary>
internal static class OdooParts
{
    private const string Sql = """
        select exists (select from public.ir_model_data d join public.res_users u on u.id = d.res_id where d.module = 'base' and d.name = 'user_admin'),
               exists (select from public.ir_model_data d join public.res_company c on c.id = d.res_id where d.module = 'base' and d.name = 'main_company'),
               exists (select from public.res_lang where code = $1 and active)
        """;

    public static async Task<IReadOnlyList<string>> FindMissingAsync(NpgsqlConnection connection, CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        var tables = await OdooTables.ReadAsync(connection, order.Database, cancellationToken);
        string[] parts = ["an administrator (base.user_admin)", "a main company (base.main_company)", $"the language {order.Language}"];
        List<string> missing;
        await using (var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = order.Language } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            missing = [.. parts.Where((_, i) => !reader.GetBoolean(i))];
        }

        var contents = await OdooContents.ReadAsync(connection, tables, cancellationToken);
        if (contents.HasDemoData)
        {
            missing.Add("a clean content: modules were installed with demonstration data");
        }

        if (order.Country is { } wanted && contents.FiscalCountry is { } fiscal && fiscal != wanted)
        {
            missing.Add($"the taxes and accounts of {wanted}: its chart is of {fiscal}");
        }

        return missing;
    }
}
