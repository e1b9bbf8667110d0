using Bibind.Activities.Templates.Versions;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Templates;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary><c>/api/templates/{code}/versions</c>: how a template is renewed, tried out, taken over and taken back.</summary>
internal static class TemplateVersionsApi
{
    private static readonly string[] Initialisations = ["odoo-bin", "json-rpc"];
    private static readonly QueryParameter Server = new("server", "Code of the server; needed where the template is on several.");
    private static readonly QueryParameter OnlyServer = new("server", "Only of the server with this code.");
    private static readonly QueryParameter Number = new("version", "Only tenants that came from the version with this number.");

    public static void MapTemplateVersions(this IEndpointRouteBuilder routes)
    {
        var template = routes.MapGroup("/api/templates/{code}").WithTags("templates");
        template.MapPost("/versions", BuildAsync).NeedsRole(Role.Admin).Describe("buildTemplateVersion", "Builds a template's next version, or takes a database as it; no order takes it yet")
            .TakesQuery(Server).Takes<BuildTemplateVersion>().TakesKey().Answers<TemplateVersionAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        template.MapGet("/versions", ListAsync).NeedsRole(Role.Viewer).Describe("listTemplateVersions", "Lists a template's versions, newest first, with how many tenants came from each")
            .TakesQuery(OnlyServer, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TemplateVersionView>>().Refuses(StatusCodes.Status404NotFound);
        template.MapGet("/changes", ListChangesAsync).NeedsRole(Role.Viewer).Describe("listTemplateChanges", "Lists who did what with which version and why, newest first")
            .TakesQuery(OnlyServer, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TemplateVersionChangeView>>().Refuses(StatusCodes.Status404NotFound);
        template.MapGet("/tenants", ListTenantsAsync).NeedsRole(Role.Viewer).Describe("listTemplateTenants", "Lists the live tenants that came from a template, and from which version")
            .TakesQuery(OnlyServer, Number, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TemplateTenantView>>().Refuses(StatusCodes.Status404NotFound);
        template.MapPost("/versions/{number}/promote", PromoteAsync).NeedsRole(Role.Admin)
            .Describe("promoteTemplateVersion", "Tries a candidate out in a clone; if that passes, new orders take it, all or a share")
            .TakesQuery(Server).Takes<PromoteTemplateVersion>().TakesKey().Answers<TemplateVersionAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        template.MapPost("/versions/{number}/rollback", RollBackAsync).NeedsRole(Role.Admin)
            .Describe("rollBackTemplateVersion", "Takes a version back at once: new orders take the one before it")
            .TakesQuery(Server).Takes<TemplateVersionReason>().Answers<TemplateVersionView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        template.MapPost("/versions/{number}/retire", RetireAsync).NeedsRole(Role.Admin)
            .Describe("retireTemplateVersion", "Takes a version out of use; its database is dropped once nobody clones from it")
            .TakesQuery(Server).Takes<TemplateVersionReason>().Answers<TemplateVersionView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        template.MapPut("/family", AssignFamilyAsync).NeedsRole(Role.Admin)
            .Describe("assignTemplateFamily", "Says of which family a template is; orders for the family take the template that fits their country and language")
            .Takes<AssignFamily>().Answers<ListResponse<TemplateView>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> BuildAsync(HttpContext context, string code, TemplateStore templates, TemplateVersionStore versions, CommandTransaction transaction)
    {
        var key = IdempotencyKey.Read(context.Request);
        var caller = context.Caller().Name;
        var template = await FindAsync(context, code, templates);
        var command = await CommandReader.ReadAsync<BuildTemplateVersion>(context, (given, _) => Task.FromResult(FindWrong(given, template)));
        var order = ToOrder(command, template, caller);
        return await transaction.RunAsync(
            CommandRequest.Of(context, key, $"POST /api/templates/{template.ServerCode}/{template.Code}/versions", command),
            async work =>
            {
                var begun = Begun(await versions.BeginBuildAsync(work.Connection, work.Transaction, order, work.CancellationToken));
                var version = begun.Version.ToOrder(begun.JobId, command.Attach ? "none" : command.Initialisation ?? Initialisations[0]);
                return await StartAsync(
                    work, begun, JobKinds.BuildTemplateVersion, caller,
                    job => work.StartAsync(Orchestrations.BuildTemplateVersion, new BuildVersionOrder { Version = version, IsAttached = command.Attach }, job));
            },
            context.RequestAborted);
    }

    private static async Task<IResult> PromoteAsync(
        HttpContext context, string code, string number, TemplateStore templates, TemplatePromotions promotions, CommandTransaction transaction)
    {
        var key = IdempotencyKey.Read(context.Request);
        var caller = context.Caller().Name;
        var template = await FindAsync(context, code, templates);
        var wanted = NumberOf(number);
        var command = await CommandReader.ReadAsync<PromoteTemplateVersion>(context, (given, _) => Task.FromResult(TemplateVersionCommands.FindWrong(given)));
        return await transaction.RunAsync(
            CommandRequest.Of(context, key, $"POST /api/templates/{template.ServerCode}/{template.Code}/versions/{wanted}/promote", command),
            async work =>
            {
                var begun = Begun(await promotions.BeginAsync(
                    work.Connection, work.Transaction, template.Id, wanted, command.CanaryPercent, caller, command.Reason, work.CancellationToken));
                var order = new PromoteVersionOrder
                {
                    TemplateId = template.Id,
                    Number = wanted,
                    JobId = begun.JobId,
                    Code = template.Code,
                    CanaryPercent = command.CanaryPercent,
                    RequestedBy = caller,
                    Reason = command.Reason,
                };
                return await StartAsync(
                    work, begun, JobKinds.PromoteTemplateVersion, caller, job => work.StartAsync(Orchestrations.PromoteTemplateVersion, order, job));
            },
            context.RequestAborted);
    }

    private static async Task<IResult> RollBackAsync(
        HttpContext context, string code, string number, TemplateStore templates, TemplatePromotions promotions, VersionDatabases databases,
        CommandTransaction transaction)
    {
        var caller = context.Caller().Name;
        var template = await FindAsync(context, code, templates);
        var wanted = NumberOf(number);
        var command = await CommandReader.ReadAsync<TemplateVersionReason>(context, (given, _) => Task.FromResult(RecordedReason.FindWrong(given.Reason)));

        // A server that cannot be asked clones nothing either: that is no reason to keep a version that is wrong.
        if (await promotions.FindPreviousAsync(template.Id, context.RequestAborted) is { } before
            && await databases.IsThereAsync(before, context.RequestAborted) is false
            && template.Database != before.Database && await IsCurrentAsync(template, wanted, context))
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "template-version-gone", "The version before is gone",
                $"The database '{before.Database}' of version {before.Number} is not there on server '{template.ServerCode}', or invalid: somebody dropped it. "
                + "Build and promote another version.", "number"));
        }

        var done = Done(await transaction.RunAsync(
            work => promotions.RollBackAsync(work.Connection, work.Transaction, template.Id, wanted, caller, command.Reason, work.CancellationToken), context.RequestAborted));
        return TypedResults.Ok(TemplateVersionView.Of(done));
    }

    private static async Task<IResult> RetireAsync(
        HttpContext context, string code, string number, TemplateStore templates, TemplateRetirements retirements, CommandTransaction transaction)
    {
        var caller = context.Caller().Name;
        var template = await FindAsync(context, code, templates);
        var wanted = NumberOf(number);
        var command = await CommandReader.ReadAsync<TemplateVersionReason>(context, (given, _) => Task.FromResult(RecordedReason.FindWrong(given.Reason)));
        var done = await transaction.RunAsync(
            async work =>
            {
                var version = Done(await retirements.RetireAsync(work.Connection, work.Transaction, template.Id, wanted, caller, command.Reason, work.CancellationToken));
                if (await retirements.BeginDropAsync(work.Connection, work.Transaction, template.Id, wanted, caller, work.CancellationToken) is not { } order)
                {
                    return version;
                }

                await work.StartAsync(Orchestrations.RetireTemplateVersion, order, JobOf(order.JobId, JobKinds.RetireTemplateVersion, version, caller));
                return version with { JobId = order.JobId };
            },
            context.RequestAborted);
        return TypedResults.Ok(TemplateVersionView.Of(done));
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, TemplateStore templates, TemplateVersionStore versions)
    {
        var (server, page) = await ReadListAsync(context, code, new QueryReader(context), templates);
        return TypedResults.Ok(Paging.Show(await versions.ListAsync(code, server, page, context.RequestAborted), TemplateVersionView.Of));
    }

    private static async Task<IResult> ListChangesAsync(HttpContext context, string code, TemplateStore templates, TemplateVersionStore versions)
    {
        var (server, page) = await ReadListAsync(context, code, new QueryReader(context), templates);
        return TypedResults.Ok(Paging.Show(await versions.ListChangesAsync(code, server, page, context.RequestAborted), TemplateVersionChangeView.Of));
    }

    private static async Task<IResult> ListTenantsAsync(HttpContext context, string code, TemplateStore templates, TemplateTenants tenants)
    {
        var query = new QueryReader(context);
        var number = query.Number(Number.Name, 0, 1, int.MaxValue);
        var (server, page) = await ReadListAsync(context, code, query, templates);
        return TypedResults.Ok(Paging.Show(await tenants.ListAsync(code, server, number == 0 ? null : number, page, context.RequestAborted), TemplateTenantView.Of));
    }

    private static async Task<IResult> AssignFamilyAsync(HttpContext context, string code, TemplateStore templates)
    {
        var command = await CommandReader.ReadAsync<AssignFamily>(context, (given, _) => Task.FromResult(TemplateVersionCommands.FindWrong(given)));
        if (!Codes.IsPlausible(code) || await templates.SetFamilyAsync(code, command.Family, context.RequestAborted) == 0)
        {
            throw NoSuchTemplate();
        }

        return TypedResults.Ok(Paging.ShowAll(await templates.ListAsync(new TemplateFilter { Code = code }, context.RequestAborted), TemplateView.Of));
    }

    private static async Task<(string? Server, ControlPlane.PageRequest Page)> ReadListAsync(
        HttpContext context, string code, QueryReader query, TemplateStore templates)
    {
        var server = query.Code(OnlyServer.Name);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return Codes.IsPlausible(code) && (await templates.ListAsync(new TemplateFilter { Code = code, ServerCode = server }, context.RequestAborted)).Count > 0
            ? (server, page)
            : throw NoSuchTemplate();
    }

    private static async Task<Template> FindAsync(HttpContext context, string code, TemplateStore templates)
    {
        var query = new QueryReader(context);
        var server = query.Code(Server.Name);
        query.ThrowIfAny();
        var found = Codes.IsPlausible(code) ? await templates.ListAsync(new TemplateFilter { Code = code, ServerCode = server }, context.RequestAborted) : [];

        // Each server has a draft of what comes with the product; those that were made are meant.
        var made = found.Where(t => t.State != TemplateStates.Draft).ToList();
        return (made.Count > 0 ? made : found) switch
        {
            [] => throw NoSuchTemplate(),
            [var only] => only,
            var several => throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]>
            {
                [Server.Name] = [$"is missing: template '{code}' is on {string.Join(", ", several.Select(t => t.ServerCode).Take(20))}"],
            })),
        };
    }

    private static async Task<bool> IsCurrentAsync(Template template, int number, HttpContext context) =>
        await context.RequestServices.GetRequiredService<TemplateVersionStore>().FindAsync(template.Id, number, context.RequestAborted)
            is { State: TemplateVersionStates.Current };

    private static async Task<AcceptedOrder> StartAsync(
        UnitOfWork work, TemplateVersionResult.Begun begun, string kind, string caller, Func<JobToStart, Task> start)
    {
        ArgumentNullException.ThrowIfNull(work);
        var version = begun.Version;
        await start(JobOf(begun.JobId, kind, version, caller));
        return new AcceptedOrder(
            JobLocation.Of(begun.JobId), new TemplateVersionAccepted(version.Code, version.ServerCode, version.Number, version.State, begun.JobId));
    }

    private static JobToStart JobOf(string id, string kind, TemplateVersion version, string caller) =>
        new(id, kind, FormattableString.Invariant($"{version.ServerCode}/{version.Code}/{version.Number}"), caller) { Tag = new("template", version.Code) };

    private static TemplateVersionResult.Begun Begun(TemplateVersionResult result) =>
        result as TemplateVersionResult.Begun ?? throw new ProblemException(OrderProblems.Of((TemplateVersionResult.Refused)result));

    private static TemplateVersion Done(TemplateVersionResult result) =>
        (result as TemplateVersionResult.Done)?.Version ?? throw new ProblemException(OrderProblems.Of((TemplateVersionResult.Refused)result));

    private static int NumberOf(string number) =>
        int.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var parsed)
            ? parsed
            : throw new ProblemException(ProblemFactory.NotFound("A version is named by its number; GET /api/templates/{code}/versions lists them."));

    private static ProblemException NoSuchTemplate() =>
        new(ProblemFactory.NotFound("There is no template with this code; GET /api/templates lists them."));

    private static NewTemplateVersion ToOrder(BuildTemplateVersion command, Template template, string caller) => new()
    {
        Code = template.Code,
        Server = template.ServerCode,
        Database = command.Database,
        IsAttached = command.Attach,
        Modules = command.Modules,
        Language = command.Language,
        Country = command.Country,
        Version = command.Version,
        Reason = command.Reason,
        RequestedBy = caller,
    };

    private static IReadOnlyDictionary<string, string[]> FindWrong(BuildTemplateVersion command, Template template)
    {
        var errors = new FieldErrors();
        var asTemplate = new NewTemplate
        {
            Code = template.Code,
            Server = template.ServerCode,
            Database = command.Database,
            Modules = command.Modules,
            Language = command.Language ?? template.Language,
            Country = command.Country,
            Version = command.Version,
            RequestedBy = string.Empty,
        };
        errors.AddFurther(TemplateValidation.Check(asTemplate));
        RecordedReason.Add(errors, command.Reason);
        if (command.Attach && command.Database is null)
        {
            errors.Add("database", "must name the database that is taken");
        }

        if (command.Initialisation is { } chosen && !Initialisations.Contains(chosen))
        {
            errors.Add("initialisation", $"must be one of {string.Join(", ", Initialisations)}; a database that somebody else fills is taken with 'attach'");
        }

        return errors.ToDictionary();
    }
}
