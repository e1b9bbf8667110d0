using System.Globalization;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Tokens;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A token to be made.</summary>
public sealed record CreateOperatorToken
{
    /// <summary>Whom it belongs to: at most 100 characters; recorded with what they do.</summary>
    public required string Name { get; init; }

    /// <summary><c>viewer</c>, <c>manager</c> or <c>admin</c>; no more than whoever makes it.</summary>
    public required string Role { get; init; }

    /// <summary>The customer whose tenants alone it reaches.</summary>
    public string? Customer { get; init; }

    /// <summary>When it ends: within ten years; in a year unless given.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What it is for; at most 500 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary>A token, without the token itself.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Name">Whom it belongs to.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Customer">The customer whose tenants alone it reaches; null for operators.</param>
/// <param name="Hint">Its first characters.</param>
/// <param name="Reason">What it is for.</param>
/// <param name="State"><c>valid</c>, <c>ended</c> or <c>revoked</c>.</param>
public sealed record OperatorTokenView(long Id, string Name, string Role, string? Customer, string Hint, string? Reason, string State)
{
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>To the minute; null if it was never used.</summary>
    public required DateTimeOffset? UsedAt { get; init; }
    public required DateTimeOffset? RevokedAt { get; init; }
    public required string? RevokedBy { get; init; }

    internal static OperatorTokenView Of(OperatorToken token, DateTimeOffset now) => new(
        token.Id, token.Name, token.Role, token.Customer, token.Hint, token.Reason,
        token.RevokedAt is not null ? "revoked" : token.ExpiresAt <= now ? "ended" : "valid")
    {
        CreatedAt = token.CreatedAt,
        CreatedBy = token.CreatedBy,
        ExpiresAt = token.ExpiresAt,
        UsedAt = token.UsedAt,
        RevokedAt = token.RevokedAt,
        RevokedBy = token.RevokedBy,
    };
}

/// <summary>A token that was made, shown this once.</summary>
/// <param name="Token">To be sent as <c>Authorization: Bearer …</c>.</param>
/// <param name="Info">What it is.</param>
public sealed record OperatorTokenSecret(string Token, OperatorTokenView Info)
{
    /// <summary>Leaves the token out.</summary>
    public override string ToString() => Info.Name;
}

/// <summary><c>/api/operator-tokens</c>: tokens for people and machines, beside those of the settings.</summary>
internal static class OperatorTokensApi
{
    private const int LongestName = 100;
    private static readonly TimeSpan Usual = TimeSpan.FromDays(365);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3653);
    private static readonly string[] Roles = [.. Enum.GetValues<Role>().Select(r => r.ToName())];

    public static void MapOperatorTokens(this IEndpointRouteBuilder routes)
    {
        var tokens = routes.MapGroup("/api/operator-tokens").WithTags("tokens").NeedsRole(Role.Manager);
        tokens.MapGet("/", ListAsync).OpenToCustomers(CustomerReach.Filtered).Describe("listOperatorTokens", "Lists tokens that were made here, newest first, without the tokens themselves")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<OperatorTokenView>>();
        tokens.MapPost("/", CreateAsync).OpenToCustomers(CustomerReach.Filtered).Describe("createOperatorToken", "Makes a token, shown this once")
            .Takes<CreateOperatorToken>().Answers<OperatorTokenSecret>(StatusCodes.Status201Created).Refuses(StatusCodes.Status409Conflict);
        tokens.MapDelete("/{id}", RevokeAsync).OpenToCustomers(CustomerReach.OwnToken).Describe("revokeOperatorToken", "Revokes a token: it opens nothing any more, nor do sessions that were begun with it")
            .Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, OperatorTokenStore store, TimeProvider time)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var now = time.GetUtcNow();
        return TypedResults.Ok(Paging.Show(await store.ListAsync(context.Caller().Customer, page, context.RequestAborted), t => OperatorTokenView.Of(t, now)));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, OperatorTokenStore store, TimeProvider time, ILogger<OperatorTokenStore> logger)
    {
        var caller = context.Caller();
        var now = time.GetUtcNow();
        var command = await CommandReader.ReadAsync<CreateOperatorToken>(context, (given, _) => Task.FromResult(FindWrong(given, now)));
        var role = Enum.Parse<Role>(command.Role, ignoreCase: true);
        if (role > caller.Role)
        {
            throw new ProblemException(ProblemFactory.Forbidden(command.Role) with { Detail = $"Nobody gives more than they have: your role is {caller.Role!.Value.ToName()}." });
        }

        if (caller.Customer is { } own && command.Customer is { } other && other != own)
        {
            throw new ProblemException(ProblemFactory.NotForCustomers with { Detail = "A customer's token makes tokens of that customer alone." });
        }

        var token = OperatorTokens.NewToken();
        var made = await store.CreateAsync(
            new NewOperatorToken(
                command.Name, command.Role, caller.Customer ?? command.Customer, command.Reason, command.ExpiresAt ?? now + Usual,
                TokenHash.Of(token), OperatorTokens.HintOf(token)),
            caller.Name, context.RequestAborted)
            ?? throw new ProblemException(ProblemFactory.Conflict(
                "name-taken", "The name is taken", $"A token that is not revoked is called '{command.Name}': take another name, such as one with the year, or revoke that one first.", "name"));
        Logs.OperatorTokenMade(logger, caller.Name, made.Id, made.Name, made.Role);
        return TypedResults.Created($"/api/operator-tokens/{made.Id.ToString(CultureInfo.InvariantCulture)}", new OperatorTokenSecret(token, OperatorTokenView.Of(made, now)));
    }

    private static async Task<IResult> RevokeAsync(HttpContext context, string id, OperatorTokenStore store, OperatorTokens tokens, ILogger<OperatorTokenStore> logger)
    {
        var caller = context.Caller();
        var token = (long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? await store.FindAsync(number, context.RequestAborted) : null)
            ?? throw new ProblemException(ProblemFactory.NoSuchToken);

        if (Enum.Parse<Role>(token.Role, ignoreCase: true) > caller.Role)
        {
            throw new ProblemException(ProblemFactory.Forbidden(token.Role) with { Detail = $"The token has the role {token.Role}: whoever revokes it needs that too." });
        }

        await store.RevokeAsync(token.Id, caller.Name, context.RequestAborted);
        tokens.Forget(token.Id);
        Logs.OperatorTokenRevoked(logger, caller.Name, token.Id, token.Name);
        return TypedResults.NoContent();
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(CreateOperatorToken given, DateTimeOffset now)
    {
        var errors = new FieldErrors();
        if (given.Name is { } name && (name.Trim().Length is 0 || name.Length > LongestName || PlainText.ProblemWith(name, mayHaveLines: false) is not null))
        {
            errors.Add("name", $"must be 1 to {LongestName} printable characters");
        }

        if (given.Role is { } role && !Roles.Contains(role, StringComparer.Ordinal))
        {
            errors.Add("role", $"must be one of {string.Join(", ", Roles)}");
        }

        if (given.Customer is { } customer && !CustomerCodes.IsWellFormed(customer))
        {
            errors.Add("customer", $"must be the code of a customer: {CustomerCodes.Rule}");
        }

        if (given.ExpiresAt is { } end && (end <= now || end > now + Longest))
        {
            errors.Add("expiresAt", "must be in the future, within ten years");
        }

        if (given.Reason is { } reason && (reason.Length > RecordedReason.Longest || PlainText.ProblemWith(reason, mayHaveLines: true) is not null))
        {
            errors.Add("reason", $"must be at most {RecordedReason.Longest} characters that can be seen: what the token is for");
        }

        return errors.ToDictionary();
    }
}
