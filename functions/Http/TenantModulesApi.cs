using Bibind.Activities.Application.Odoo.Modules;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Modules;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary><c>/api/tenants/{code}/modules</c> and <c>/api/tenants/{code}/theme</c>.</summary>
internal static class TenantModulesApi
{
    private static readonly QueryParameter State = new("state", "Only modules in this state.", ["installed", "uninstalled", "uninstallable"]);
    private static readonly QueryParameter Search = new("search", "Only modules with these letters in their technical name or title.");

    public static void MapTenantModules(this IEndpointRouteBuilder routes)
    {
        var tenants = routes.MapGroup("/api/tenants/{code}").WithTags("modules");
        tenants.MapGet("/modules", ListAsync).NeedsRole(Role.Viewer)
            .Describe("listTenantModules", "Lists the modules that the tenant's application knows, by name, as its database says it now")
            .TakesQuery(State, Search, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TenantModuleView>>()
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        tenants.MapPost("/modules", ChangeAsync).NeedsRole(Role.Manager)
            .Describe("changeTenantModules", "Installs and uninstalls modules of one tenant; with dryRun it only says what would become of it")
            .Takes<ChangeModules>().TakesKey().Answers<ModulePreview>().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        tenants.MapGet("/theme", ShowThemeAsync).NeedsRole(Role.Viewer)
            .Describe("getTenantTheme", "Shows the tenant's theme, how its company looks, and the themes that it can choose").Answers<TenantThemeView>()
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
        tenants.MapPut("/theme", ChooseAsync).NeedsRole(Role.Manager)
            .Describe("chooseTenantTheme", "Gives the tenant one of its offer's themes, or takes it away")
            .Takes<ChooseTheme>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, ModuleOrdering ordering, TenantModuleStore store)
    {
        var query = new QueryReader(context);
        var state = query.Choice(State.Name);
        var search = query.Words(Search.Name, 128);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        Codes.RequireTenant(code);
        var cancellation = context.RequestAborted;
        var (tenant, list) = await ordering.ReadAsync(code, cancellation);
        var allowed = await ordering.FindAllowedAsync(tenant, cancellation);
        var template = (await store.ListTemplateModulesAsync(tenant.Id, cancellation)).ToHashSet(StringComparer.Ordinal);
        var records = (await store.ListAsync(tenant.Id, cancellation)).ToDictionary(r => r.Module, StringComparer.Ordinal);
        var found = list.Modules.Values
            .Where(m => (state is null || m.State == state) && Matches(m, search))
            .OrderBy(m => m.Name, StringComparer.Ordinal).ToList();
        return TypedResults.Ok(Paging.Show(
            new Page<TenantModule>([.. found.Chunk(page.Size).ElementAtOrDefault(page.Number - 1) ?? []], found.Count, page.Number, page.Size),
            m => TenantModuleView.Of(m, records.GetValueOrDefault(m.Name), template, allowed)));
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, string code, ModuleOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<ChangeModules>(context, (given, _) => Task.FromResult(FindWrong(given)));
        Codes.RequireTenant(code);
        var change = new ModuleChange { Activate = command.Activate ?? [], Deactivate = command.Deactivate ?? [] };
        return command.DryRun
            ? TypedResults.Ok(await ordering.PreviewAsync(code, change, context.RequestAborted))
            : await ordering.ChangeAsync(
                code, change, context.Caller().Name, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/modules", command), context.RequestAborted);
    }

    private static async Task<IResult> ShowThemeAsync(HttpContext context, string code, ModuleOrdering ordering, TenantModuleStore store)
    {
        Codes.RequireTenant(code);
        var (tenant, list) = await ordering.ReadAsync(code, context.RequestAborted);
        return TypedResults.Ok(TenantThemeView.Of(
            list.Look, await store.FindThemeAsync(tenant.Id, context.RequestAborted), await ordering.ListThemesAsync(tenant, context.RequestAborted)));
    }

    private static async Task<IResult> ChooseAsync(HttpContext context, string code, ModuleOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<ChooseTheme>(context, (given, _) => Task.FromResult(FindWrong(given)));
        Codes.RequireTenant(code);
        return await ordering.ChooseThemeAsync(
            code, command.Theme, context.Caller().Name, CommandRequest.Of(context, key, $"PUT /api/tenants/{code}/theme", command), context.RequestAborted);
    }

    private static bool Matches(TenantModule module, string? search) =>
        search is null || module.Name.Contains(search, StringComparison.OrdinalIgnoreCase)
        || module.Title?.Contains(search, StringComparison.OrdinalIgnoreCase) is true;

    private static IReadOnlyDictionary<string, string[]> FindWrong(ChangeModules command)
    {
        var errors = new FieldErrors();
        FindWrong(errors, "activate", command.Activate ?? []);
        FindWrong(errors, "deactivate", command.Deactivate ?? []);
        if (errors.IsEmpty && command is { Activate: null or { Count: 0 }, Deactivate: null or { Count: 0 } })
        {
            errors.Add("activate", "must name a module, or deactivate must");
        }

        for (var i = 0; i < (command.Deactivate?.Count ?? 0); i++)
        {
            if (command.Activate?.Contains(command.Deactivate![i]) is true)
            {
                errors.Add("deactivate", $"must not name what the same order activates, as entry {i} does");
            }
        }

        return errors.ToDictionary();
    }

    private static void FindWrong(FieldErrors errors, string field, IReadOnlyList<string> names)
    {
        if (names.Count > ModuleNames.Most)
        {
            errors.Add(field, $"must name {ModuleNames.Most} modules at most");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < names.Count; i++)
        {
            if (!ModuleNames.IsName(names[i]))
            {
                errors.Add(field, $"{ModuleNames.Rule}; entry {i} is not");
            }
            else if (!seen.Add(names[i]))
            {
                errors.Add(field, $"must not name a module twice, as entry {i} does");
            }
        }
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(ChooseTheme command)
    {
        var errors = new FieldErrors();
        if (command.Theme is { } theme && !Codes.IsPlausible(theme))
        {
            errors.Add("theme", "must be the name of one of the offer's themes, or null: GET /api/tenants/{code}/theme lists them");
        }

        return errors.ToDictionary();
    }
}
