using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Pools;
using Bibind.ControlPlane.Templates;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>An order for a template database on a server. What is left out comes from the product's catalogue.</summary>
public sealed record CreateTemplate
{
    /// <summary>A lower-case letter, then up to 30 lower-case letters, digits and hyphens.</summary>
    public required string Code { get; init; }

    /// <summary>Code of the server.</summary>
    public required string Server { get; init; }
    public string? Name { get; init; }

    /// <summary><c>template_{code}</c> unless given.</summary>
    public string? Database { get; init; }

    /// <summary>Modules to install, such as <c>["base", "web", "mail", "portal"]</c>.</summary>
    public IReadOnlyList<string>? Modules { get; init; }

    /// <summary>Language to load, such as <c>fr_FR</c>; <c>en_US</c> unless given.</summary>
    public string? Language { get; init; }

    /// <summary>ISO 3166-1 alpha-2 code of the country whose taxes and currency it is for; the application's own default unless given.</summary>
    public string? Country { get; init; }

    /// <summary>The application's version, such as <c>18.0</c>.</summary>
    public string? Version { get; init; }

    /// <summary>The templates with the same one are made for different countries and languages; orders for it take the one that fits.</summary>
    public string? Family { get; init; }

    /// <summary>Ready clones to keep, 0 to 100.</summary>
    public int WarmPoolSize { get; init; }

    /// <summary><c>odoo-bin</c> unless given, <c>json-rpc</c>, or <c>none</c>: the database is filled by someone else.</summary>
    public string? Initialisation { get; init; }
}

/// <summary>A template that is being made.</summary>
public sealed record TemplateAccepted(string Code, string Server, string State, string Job);

/// <summary>A template as people see it.</summary>
public sealed record TemplateView(
    string Code,
    string Name,
    string Server,
    string Database,
    IReadOnlyList<string> Modules,
    string Language,
    string? Version,
    string State,
    bool Ready,
    string? Reason,
    string? ContentHash,
    long? Bytes,
    TemplateOffer? Offers,
    int WarmPoolSize,
    string? Family,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ReadyAt)
{
    /// <summary>How its pool of ready clones stands.</summary>
    public TemplatePoolView? Pool { get; init; }

    /// <summary>From a row.</summary>
    public static TemplateView Of(Template template)
    {
        ArgumentNullException.ThrowIfNull(template);
        return new TemplateView(
            template.Code, template.Name, template.ServerCode, template.Database, template.Modules, template.Language, template.Version,
            template.State, template.Ready, template.Reason, template.ContentHash, template.Bytes,
            TemplateOffer.Of(template.Contents), template.WarmPoolSize, template.Family,
            template.CreatedAt, template.ReadyAt);
    }
}

/// <summary>What a template offers to tenants that are cloned from it, as its database says it.</summary>
/// <param name="Version">The application's version.</param>
/// <param name="Languages">Codes of the languages that can be ordered.</param>
/// <param name="Currencies">ISO 4217 codes of the currencies that can be ordered.</param>
/// <param name="Countries">ISO 3166-1 alpha-2 codes of the countries that can be ordered.</param>
/// <param name="FiscalCountry">The country whose taxes it has; null where no chart of accounts is loaded.</param>
/// <param name="ChartOfAccounts">The chart of accounts, such as <c>fr</c>.</param>
/// <param name="HasEntries">True if it holds journal entries, after which the currency cannot be changed.</param>
/// <param name="HasDemoData">True if modules were installed with demonstration data.</param>
/// <param name="Modules">The installed modules.</param>
/// <param name="Files">How many files its database names.</param>
public sealed record TemplateOffer(
    string? Version,
    IReadOnlyList<string> Languages,
    IReadOnlyList<string> Currencies,
    IReadOnlyList<string> Countries,
    string? FiscalCountry,
    string? ChartOfAccounts,
    bool HasEntries,
    bool HasDemoData,
    IReadOnlyList<string> Modules,
    long Files)
{
    internal static TemplateOffer? Of(TemplateContents? contents) => contents is null ? null : new TemplateOffer(
        contents.Version,
        contents.Languages,
        contents.HasEntries && contents.Currency is { } only ? [only] : contents.Currencies,
        contents.FiscalCountry is { } fiscal ? [fiscal] : contents.Countries,
        contents.FiscalCountry, contents.ChartOfAccounts, contents.HasEntries, contents.HasDemoData, contents.Modules, contents.Files);
}

/// <summary><c>/api/templates</c>.</summary>
internal static class TemplatesApi
{
    private static readonly string[] Initialisations = ["odoo-bin", "json-rpc", "none"];
    private static readonly QueryParameter Server = new("server", "Only templates on the server with this code.");
    private static readonly QueryParameter State = new(
        "state", "Only templates in this state.", [TemplateStates.Draft, TemplateStates.Creating, TemplateStates.Ready, TemplateStates.Failed]);

    public static void MapTemplates(this IEndpointRouteBuilder routes)
    {
        var templates = routes.MapGroup("/api/templates").WithTags("templates");
        templates.MapPost("/", CreateAsync).NeedsRole(Role.Admin).Describe("createTemplate", "Makes a template database on a server")
            .Takes<CreateTemplate>().TakesKey().Answers<TemplateAccepted>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status409Conflict);
        templates.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listTemplates", "Lists the templates of all servers, all in one answer")
            .TakesQuery(Server, State).Answers<ListResponse<TemplateView>>();
        templates.MapGet("/{code}", FindAsync).NeedsRole(Role.Viewer).Describe("getTemplate", "Shows a template on every server that has it")
            .TakesQuery(Server).Answers<ListResponse<TemplateView>>().Refuses(StatusCodes.Status404NotFound);
        templates.MapTemplatePools();
    }

    private static async Task<IResult> CreateAsync(
        HttpContext context, TemplateStore templates, CommandTransaction transaction)
    {
        var key = IdempotencyKey.Read(context.Request);
        var caller = context.Caller().Name;
        var command = await CommandReader.ReadAsync<CreateTemplate>(
            context, (given, _) => Task.FromResult(FindWrong(given, ToOrder(given, caller))));
        var order = ToOrder(command, caller);
        return await transaction.RunAsync(
            CommandRequest.Of(context, key, "POST /api/templates", command),
            async work =>
            {
                var result = await templates.BeginCreateAsync(work.Connection, work.Transaction, order, work.CancellationToken);
                if (result is not TemplateCreation creation)
                {
                    throw new ProblemException(OrderProblems.Of((TemplateRefused)result));
                }

                await work.StartAsync(
                    Orchestrations.CreateTemplate,
                    ToJob(creation, command),
                    new JobToStart(creation.JobId, JobKinds.CreateTemplate, $"{order.Server}/{order.Code}", caller) { Tag = new("template", order.Code) });
                return new AcceptedOrder(
                    JobLocation.Of(creation.JobId), new TemplateAccepted(order.Code, order.Server, creation.Template.State, creation.JobId));
            },
            context.RequestAborted);
    }

    private static async Task<IResult> ListAsync(HttpContext context, TemplateStore templates, WarmPoolViews pools)
    {
        var query = new QueryReader(context);
        var filter = new TemplateFilter { ServerCode = query.Code(Server.Name), State = query.Choice(State.Name) };
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.ShowAll(await templates.ListAsync(filter, context.RequestAborted), await TemplatePoolApi.ViewsAsync(pools, filter.ServerCode, context.RequestAborted)));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, TemplateStore templates, WarmPoolViews pools)
    {
        var query = new QueryReader(context);
        var filter = new TemplateFilter { ServerCode = query.Code(Server.Name), Code = code };
        query.ThrowIfAny();
        var found = Codes.IsPlausible(code) ? await templates.ListAsync(filter, context.RequestAborted) : [];
        if (found.Count == 1)
        {
            EntityTag.Show(context, found[0].PoolVersion);
        }

        return found.Count > 0
            ? TypedResults.Ok(Paging.ShowAll(found, await TemplatePoolApi.ViewsAsync(pools, filter.ServerCode, context.RequestAborted)))
            : throw new ProblemException(ProblemFactory.NotFound("There is no template with this code; GET /api/templates lists them."));
    }

    private static NewTemplate ToOrder(CreateTemplate command, string caller) => new()
    {
        Code = command.Code,
        Server = command.Server,
        Name = command.Name,
        Database = command.Database,
        Modules = command.Modules,
        Language = command.Language ?? "en_US",
        Country = command.Country,
        Version = command.Version,
        WarmPoolSize = command.WarmPoolSize,
        Family = command.Family,
        RequestedBy = caller,
    };

    private static IReadOnlyDictionary<string, string[]> FindWrong(CreateTemplate command, NewTemplate order)
    {
        var errors = new FieldErrors();
        errors.AddFurther(TemplateValidation.Check(order));

        if (command.Initialisation is { } chosen && !Initialisations.Contains(chosen))
        {
            errors.Add("initialisation", $"must be one of {string.Join(", ", Initialisations)}");
        }

        return errors.ToDictionary();
    }

    private static CreateTemplateOrder ToJob(TemplateCreation creation, CreateTemplate command) => new()
    {
        TemplateId = creation.Template.Id,
        JobId = creation.JobId,
        Code = creation.Template.Code,
        Database = creation.Template.Database,
        ServerId = creation.Template.ServerId,
        Modules = creation.Template.Modules,
        Language = creation.Template.Language,
        Country = command.Country,
        Initialisation = command.Initialisation ?? Initialisations[0],
    };
}
