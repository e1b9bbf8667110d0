using System.Globalization;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Registrations;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary>Somebody who wants to try an offer.</summary>
public sealed record RegisterCommand
{
    /// <summary>The tenant's: a lower-case letter, then 1 to 30 lower-case letters, digits and hyphens; its address begins with it.</summary>
    public required string Code { get; init; }

    /// <summary>Of the company, as the application shows it.</summary>
    public required string Name { get; init; }

    /// <summary>Of the person.</summary>
    public string? Contact { get; init; }

    /// <summary>The person's; a letter to it asks for the proof, and it becomes their login.</summary>
    public required string Email { get; init; }

    /// <summary>The first that the settings name, unless given.</summary>
    public string? Offer { get; init; }

    /// <summary>Such as <c>fr_FR</c>; letters are written in it too.</summary>
    public string? Language { get; init; }

    /// <summary>Such as <c>Europe/Paris</c>.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Such as <c>FR</c>.</summary>
    public string? Country { get; init; }

    /// <summary>Such as <c>EUR</c>.</summary>
    public string? Currency { get; init; }
}

/// <summary>A registration that was taken; the letter says what became of it.</summary>
/// <param name="ExpiresAt">Until when the letter's link can be followed.</param>
public sealed record RegistrationTaken(DateTimeOffset ExpiresAt);

/// <summary>The proof of an e-mail address.</summary>
public sealed record ConfirmRegistration
{
    /// <summary>That of the letter's link.</summary>
    public required string Token { get; init; }
}

/// <summary>A registration, as operators see it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Code">The code that it wants, and holds while it waits.</param>
/// <param name="State">waiting, confirmed, ordered, failed, refused, expired or withdrawn.</param>
public sealed record RegistrationView(long Id, string Code, string State)
{
    /// <summary>taken, again, often or order; null if nothing stands against it.</summary>
    public required string? Cause { get; init; }

    /// <summary>In words.</summary>
    public required string? Reason { get; init; }

    /// <summary>Null once it was forgotten, as the next two.</summary>
    public required string? Name { get; init; }
    public required string? Contact { get; init; }
    public required string? Email { get; init; }
    public required string Offer { get; init; }
    public required string Language { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required DateTimeOffset? ConfirmedAt { get; init; }
    public required DateTimeOffset? EndedAt { get; init; }

    /// <summary>When its order is tried next.</summary>
    public required DateTimeOffset? NextTryAt { get; init; }
    public required string? Job { get; init; }

    /// <summary>Whom it made.</summary>
    public required string? Customer { get; init; }

    /// <summary>From a row.</summary>
    internal static RegistrationView Of(Registration r) => new(r.Id, r.Code, r.State)
    {
        Cause = r.Cause,
        Reason = r.Reason,
        Name = r.Name,
        Contact = r.Contact,
        Email = r.Email,
        Offer = r.Offer,
        Language = r.Language,
        CreatedAt = r.CreatedAt,
        ExpiresAt = r.ExpiresAt,
        ConfirmedAt = r.ConfirmedAt,
        EndedAt = r.EndedAt,
        NextTryAt = r.NextTryAt,
        Job = r.JobId,
        Customer = r.Customer,
    };
}

/// <summary><c>/api/registrations</c>: open to everybody, where the settings say so.</summary>
internal static class RegistrationsApi
{
    private static readonly TenantLocale Defaults = new();
    private static readonly QueryParameter State = new("state", "Only registrations in this state.", RegistrationStates.All);

    public static void MapRegistrations(this IEndpointRouteBuilder routes)
    {
        var registrations = routes.MapGroup("/api/registrations").WithTags("registrations");
        registrations.MapPost("/", RegisterAsync)
            .Describe("register", "Registers somebody for a trial: a letter to the address asks for the proof; answered the same whatever becomes of it")
            .Takes<RegisterCommand>().Answers<RegistrationTaken>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status429TooManyRequests);
        registrations.MapPost("/confirm", ConfirmAsync)
            .Describe("confirmRegistration", "Takes the proof of an e-mail address, and orders the trial")
            .Takes<ConfirmRegistration>().Answers<RegistrationConfirmed>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status410Gone);
        registrations.MapGet("/", ListAsync).NeedsRole(Role.Manager).Describe("listRegistrations", "Lists registrations, newest first")
            .TakesQuery(State, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<RegistrationView>>();
        registrations.MapDelete("/{id}", WithdrawAsync).NeedsRole(Role.Manager).Describe("withdrawRegistration", "Ends a registration that has no tenant yet, and gives its code free")
            .Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        RegistrationPages.Map(routes);
    }

    /// <summary>Ends the call where nobody may register: as at an address that does not exist.</summary>
    internal static void RequireOpen(RegistrationOptions options)
    {
        if (!options.Enabled)
        {
            throw new ProblemException(ProblemFactory.NotFound("There is nothing at this address; /openapi/v1.json lists what there is."));
        }
    }

    private static async Task<IResult> RegisterAsync(HttpContext context, IOptions<RegistrationOptions> options, RegistrationOrdering ordering)
    {
        RequireOpen(options.Value);
        new QueryReader(context).ThrowIfAny();
        EmailAddress? email = null;
        var offers = options.Value.OfferCodes();
        var command = await CommandReader.ReadAsync<RegisterCommand>(context, async (given, _) =>
        {
            var errors = new FieldErrors();
            if (given.Email is not null)
            {
                email = ReadEmail(given.Email, errors);
            }

            if (given.Offer is { } offer && !offers.Contains(offer))
            {
                errors.Add("offer", $"must be one of {string.Join(", ", offers)}");
            }

            CheckName("name", given.Name, errors);
            CheckName("contact", given.Contact, errors);
            var wrong = await ordering.FindWrongAsync(Of(given, email?.Text, offers), context.RequestAborted);
            errors.AddFurther(wrong.ToDictionary(w => NameOf(w.Key), w => w.Value));
            return errors.ToDictionary();
        });
        var until = await ordering.RegisterAsync(
            Of(command, email!.Text, offers), email, ClientAddress.Of(context, options.Value.Proxies()), context.RequestAborted);
        return TypedResults.Accepted((string?)null, new RegistrationTaken(until));
    }

    private static async Task<IResult> ConfirmAsync(HttpContext context, IOptions<RegistrationOptions> options, RegistrationOrdering ordering)
    {
        RequireOpen(options.Value);
        var command = await CommandReader.ReadAsync<ConfirmRegistration>(context);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Accepted((string?)null, await ordering.ConfirmAsync(command.Token, context.RequestAborted));
    }

    private static async Task<IResult> ListAsync(HttpContext context, RegistrationRounds registrations)
    {
        var query = new QueryReader(context);
        var state = query.Choice(State.Name);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await registrations.ListAsync(state, page, context.RequestAborted), RegistrationView.Of));
    }

    private static async Task<IResult> WithdrawAsync(HttpContext context, string id, RegistrationRounds registrations, ILogger<RegistrationOrdering> logger)
    {
        var (state, isWithdrawn) = long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? await registrations.WithdrawAsync(number, context.Caller().Name, context.RequestAborted)
            : (null, false);
        if (state is null)
        {
            throw new ProblemException(ProblemFactory.NotFound("There is no registration with this id; GET /api/registrations lists them."));
        }

        if (!isWithdrawn)
        {
            throw new ProblemException(ProblemFactory.Conflict("registration-state", "The registration is over", $"The registration is {state}: there is nothing to withdraw."));
        }

        Logs.RegistrationWithdrawn(logger, context.Caller().Name, number);
        return TypedResults.NoContent();
    }

    // They are printed in a letter to an address that anybody can give: it must advertise nothing, and have the lines that we give it.
    private static void CheckName(string field, string? name, FieldErrors errors)
    {
        if (name is not null && PlainText.ProblemWith(name, mayHaveLines: false) is { } problem)
        {
            errors.Add(field, problem);
        }
        else if (name is not null && (name.Contains("://", StringComparison.Ordinal) || name.Contains("www.", StringComparison.OrdinalIgnoreCase)))
        {
            errors.Add(field, "must be a name, not an address of the web");
        }
    }

    // A mail server that takes nothing else could not be asked for, and the address becomes a login.
    private static EmailAddress? ReadEmail(string text, FieldErrors errors)
    {
        var email = EmailAddress.Read(text, out var problem);
        if (email is { NeedsUtf8: true })
        {
            problem = "must have ASCII letters and digits before the @";
        }

        if (problem is null)
        {
            return email;
        }

        errors.Add("email", problem);
        return null;
    }

    private static string NameOf(string field) => field switch
    {
        "customerName" => "contact",
        "customerEmail" => "email",
        "locale.language" => "language",
        "locale.timeZone" => "timeZone",
        "locale.country" => "country",
        "locale.currency" => "currency",
        _ => field,
    };

    private static Registration Of(RegisterCommand given, string? email, IReadOnlyList<string> offers) => new()
    {
        Code = given.Code,
        Name = given.Name,
        Contact = given.Contact,
        Email = email,
        Offer = given.Offer ?? offers[0],
        Language = given.Language ?? Defaults.Language,
        TimeZone = given.TimeZone ?? Defaults.TimeZone,
        Country = given.Country,
        Currency = given.Currency ?? Defaults.Currency,
    };
}
