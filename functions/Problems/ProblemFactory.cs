using Bibind.ControlPlane.Tenants;

namespace Bibind.Functions.Problems;

/// <summary>The problems that several endpoints respond with; the kind is stable, the words are for people.</summary>
public static class ProblemFactory
{
    /// <summary>The kind of <see cref="Invalid(IReadOnlyDictionary{string, string[]})"/>.</summary>
    public const string InvalidCommand = "invalid-command";

    public static Problem Unreadable(string detail) =>
        new(StatusCodes.Status400BadRequest, "unreadable-request", "The request cannot be read", detail);

    /// <summary>For a body whose framing is broken: the server tells it by exceptions of several kinds.</summary>
    public static Problem BrokenBody { get; } =
        Unreadable("The body cannot be read to its end: its chunks are malformed, or it is shorter than the request said.");

    public static Problem BadQuery(IReadOnlyDictionary<string, string[]> errors) =>
        new(StatusCodes.Status400BadRequest, "bad-query", "The query is not usable", Sum("query parameter", errors)) { Errors = errors };

    public static Problem Invalid(IReadOnlyDictionary<string, string[]> errors) =>
        new(StatusCodes.Status422UnprocessableEntity, InvalidCommand, "The command is not valid", Sum("field", errors)) { Errors = errors };

    public static Problem Invalid(string field, string message) =>
        Invalid(new Dictionary<string, string[]> { [field] = [message] });

    public static Problem NotFound(string what) =>
        new(StatusCodes.Status404NotFound, "not-found", "Not found", what);

    /// <summary>For a code that no tenant has, that none can have, or whose tenant is not the caller's.</summary>
    public static Problem NoSuchTenant { get; } = NotFound(TenantStore.NoSuchTenant);

    /// <summary>For an id that no job has, that none can have, or whose job is not the caller's.</summary>
    public static Problem NoSuchJob { get; } = NotFound("There is no job with this id; GET /api/jobs lists them.");

    /// <summary>For a number that no access to the tenant's application has.</summary>
    public static Problem NoSuchSupportAccess { get; } = NotFound("The tenant has no support access with this number; GET /api/tenants/{code}/support-access lists them.");

    /// <summary>For a code that no customer has, that none can have, or that is not the caller's.</summary>
    public static Problem NoSuchCustomer { get; } = NotFound("There is no customer with this code; GET /api/customers lists them.");

    public static Problem Conflict(string kind, string title, string detail, string? field = null) =>
        new(StatusCodes.Status409Conflict, kind, title, detail)
        {
            Errors = field is null ? null : new Dictionary<string, string[]> { [field] = [detail] },
        };

    /// <summary>For a number that no token has, or whose token is not the caller's.</summary>
    public static Problem NoSuchToken { get; } = NotFound("There is no token with this id; GET /api/operator-tokens lists them.");

    /// <summary>For what was there and is no more.</summary>
    public static Problem Gone(string kind, string title, string detail) => new(StatusCodes.Status410Gone, kind, title, detail);

    /// <summary>For a caller who has to wait.</summary>
    public static Problem TooMany(string detail, TimeSpan wait) =>
        new(StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests", detail)
        {
            Headers = new Dictionary<string, string> { ["Retry-After"] = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture) },
        };

    public static Problem TooLarge(int limit) =>
        new(StatusCodes.Status413PayloadTooLarge, "body-too-large", "The body is too large", $"A command may have {limit:N0} bytes at most; send less.");

    public static Problem UnsupportedType(string detail) =>
        new(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "The media type is not supported", detail)
        {
            Headers = new Dictionary<string, string> { ["Accept"] = "application/json" },
        };

    public static Problem Unauthorized(string detail) =>
        new(StatusCodes.Status401Unauthorized, "unauthorized", "No valid credentials", detail)
        {
            Headers = new Dictionary<string, string> { ["WWW-Authenticate"] = "Bearer realm=\"bibind\"" },
        };

    /// <summary>For a token that was sent and is not accepted.</summary>
    public static Problem InvalidToken(string detail) => Unauthorized(detail) with
    {
        Headers = new Dictionary<string, string> { ["WWW-Authenticate"] = "Bearer realm=\"bibind\", error=\"invalid_token\"" },
    };

    public static Problem Forbidden(string role) =>
        new(StatusCodes.Status403Forbidden, "forbidden", "Not allowed", $"This needs the role {role}; ask for a token with it.")
        {
            Headers = new Dictionary<string, string> { ["WWW-Authenticate"] = "Bearer realm=\"bibind\", error=\"insufficient_scope\"" },
        };

    /// <summary>For an endpoint that shows what is no customer's own.</summary>
    public static Problem NotForCustomers { get; } = Forbidden(string.Empty) with { Detail = "This is not open to customers' tokens." };

    /// <summary>For a change under the console's cookie that none of our own pages asked for.</summary>
    public static Problem ForgedCall { get; } =
        new(StatusCodes.Status403Forbidden, "forged-call", "Not asked for by one of our pages",
            "A change under the console's cookie needs the token of its page: the field RequestVerificationToken or the header X-CSRF-TOKEN. Load the page again; programs send a bearer token instead.");

    /// <summary>For a token that cannot be checked: it may be right, so it is not refused.</summary>
    public static Problem IssuerUnavailable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "issuer-unavailable", "Tokens cannot be checked for the moment", "The issuer of the token does not answer; nothing was changed. Try again with the same token.")
        {
            Headers = new Dictionary<string, string> { ["Retry-After"] = "5" },
        };

    public static Problem Unavailable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available for the moment", "The control database does not answer; nothing was changed. Try again.")
        {
            Headers = new Dictionary<string, string> { ["Retry-After"] = "5" },
        };

    public static Problem EngineUnavailable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available for the moment", "The engine that runs the jobs does not answer. Try again.")
        {
            Headers = new Dictionary<string, string> { ["Retry-After"] = "5" },
        };

    public static Problem Unexpected { get; } =
        new(StatusCodes.Status500InternalServerError, "unexpected", "Something went wrong here", "The fault is on this side and was logged with the trace id.");

    /// <summary>For a status that was set without a body.</summary>
    public static Problem OfStatus(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var request = context.Request;
        return context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => NotFound("There is nothing at this address; /openapi/v1.json lists what there is."),
            StatusCodes.Status405MethodNotAllowed => new Problem(
                StatusCodes.Status405MethodNotAllowed, "method-not-allowed", "The method is not allowed", $"{request.Method} is not possible here; allowed: {context.Response.Headers.Allow}."),
            StatusCodes.Status413PayloadTooLarge => TooLarge(BodyLimits.Read),
            StatusCodes.Status415UnsupportedMediaType => UnsupportedType("Send application/json."),
            var status => new Problem(status, $"status-{status}", "The request failed", "There is nothing more to say about it."),
        };
    }

    private static string Sum(string noun, IReadOnlyDictionary<string, string[]> errors) =>
        string.Join(' ', errors.Select(e => $"{noun[..1].ToUpperInvariant()}{noun[1..]} '{e.Key}' {string.Join("; ", e.Value)}."));
}
