using Bibind.ControlPlane.Servers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary><c>GET /api/servers/best</c>: where a tenant would be placed now.</summary>
internal static class BestServerApi
{
    private static readonly QueryParameter MinCapacityPercent = new(
        "minCapacityPercent", "Free places, in per cent of all, that the server must have: 0 to 100; Placement__MinimumFreePercent unless given.");
    private static readonly QueryParameter Region = new("region", "The region that it must be in.");
    private static readonly QueryParameter Labels = new("labels", "Labels that it must have, separated by commas.");
    private static readonly QueryParameter Size = new("size", "How many places the tenant takes: 1 to 1000; 1 unless given.");
    private static readonly QueryParameter Template = new("template", "The template, by its code, that must be ready on it.");
    private static readonly QueryParameter Strategy = new("strategy", "Which of several is taken; Placement__Strategy unless given.", PlacementStrategies.All);

    public static void MapBestServer(this RouteGroupBuilder servers) =>
        servers.MapGet("/best", FindAsync).NeedsRole(Role.Viewer)
            .Describe("findBestServer", "Shows the server that would take a tenant now, and why others would not; reserves nothing")
            .TakesQuery(MinCapacityPercent, Region, Labels, Size, Template, Strategy).Answers<BestServerView>().Refuses(StatusCodes.Status404NotFound);

    private static async Task<IResult> FindAsync(HttpContext context, BestServer best, ServerStore servers, IOptions<PlacementOptions> options)
    {
        var query = new QueryReader(context);
        var wish = new PlacementWish
        {
            MinimumFreePercent = query.Number(MinCapacityPercent.Name, options.Value.MinimumFreePercent, 0, 100),
            Region = query.Words(Region.Name, 32),
            Labels = query.Words(Labels.Name, 2000)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
            Size = query.Number(Size.Name, 1, 1, PlacementTerms.LargestSize),
            Template = query.Code(Template.Name),
        };
        var strategy = query.Choice(Strategy.Name) ?? options.Value.Strategy;
        query.ThrowIfAny();
        if (!PlacementTerms.AreLabels(wish.Labels))
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]> { [Labels.Name] = [PlacementTerms.LabelRule] }));
        }

        var found = await best.FindAsync(wish, strategy, context.RequestAborted);
        return found.Code is { } code && await servers.FindAsync(code, context.RequestAborted) is { } server
            ? TypedResults.Ok(new BestServerView(ServerView.Of(server), found.PassedOver))
            : throw new ProblemException(ProblemFactory.NotFound(
                found.PassedOver.Count == 0
                    ? "There is no server in service: register one and activate it."
                    : $"No server can take it: {string.Join("; ", found.PassedOver.Take(20).Select(p => $"{p.Server} {p.Reason}"))}."));
    }
}
