using Bibind.ControlPlane.Tokens;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>A token of the settings by its names, and when it was last used.</summary>
/// <param name="Kind"><c>api</c> or <c>webhook</c>.</param>
/// <param name="Caller">Whose it is.</param>
/// <param name="Label">Which of the caller's it is.</param>
/// <param name="Role">The caller's role; null for webhooks, and where this host's settings do not have the token.</param>
/// <param name="NotAfter">When it ends; null if it does not.</param>
/// <param name="State"><c>valid</c>, <c>ended</c>, or <c>removed</c>: it was used once, and this host's settings do not have it.</param>
/// <param name="UsedAt">When it last opened something, to the minute, at any host; null if it never did.</param>
/// <param name="RefusedAt">When it was last presented after its end; null if it never was.</param>
public sealed record TokenView(
    string Kind, string Caller, string Label, string? Role, DateTimeOffset? NotAfter, string State, DateTimeOffset? UsedAt, DateTimeOffset? RefusedAt);

/// <summary><c>/api/tokens</c>: which tokens of the settings are still used. The tokens themselves are nowhere.</summary>
internal static class TokensApi
{
    public static void MapTokens(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/tokens", ListAsync).WithTags("tokens").NeedsRole(Role.Admin)
            .Describe("listTokens", "Lists the tokens of the settings, without the tokens themselves, and when each was last used").TakesQuery()
            .Answers<ListResponse<TokenView>>();

    private static async Task<IResult> ListAsync(HttpContext context, Callers callers, TokenUseStore store, TimeProvider time)
    {
        new QueryReader(context).ThrowIfAny();
        var uses = (await store.ListAsync(context.RequestAborted)).ToDictionary(u => (u.Kind, u.Caller, u.Label));
        var now = time.GetUtcNow();
        var tokens = callers.Bearers.Select(t => Show(t.Name, t.Owner.Role?.ToName()))
            .Concat(callers.Webhooks.Select(t => Show(t.Name, role: null))).ToList();
        tokens.AddRange(uses.Values.Select(u => new TokenView(u.Kind, u.Caller, u.Label, null, null, "removed", u.UsedAt, u.RefusedAt)));
        return TypedResults.Ok(Paging.ShowAll(tokens, t => t));

        TokenView Show(TokenName token, string? role)
        {
            uses.Remove((TokenUses.KindOf(token), token.Caller, token.Label), out var use);
            return new TokenView(
                TokenUses.KindOf(token), token.Caller, token.Label, role, token.NotAfter, token.NotAfter <= now ? "ended" : "valid", use?.UsedAt, use?.RefusedAt);
        }
    }
}
