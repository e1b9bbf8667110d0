using System.Net.Mime;
using System.Text.RegularExpressions;
using Bibind.ControlPlane.Certificates;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Http;

/// <summary>
/// <c>/.well-known/acme-challenge/{token}</c>: proves to a certificate authority that a host name leads to us. The proxy
/// sends this path of every host name here.
/// </summary>
internal static partial class AcmeChallengeApi
{
    public static void MapAcmeChallenges(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/.well-known/acme-challenge/{token}", AnswerAsync).WithTags("certificates")
            .Describe("acmeChallenge", "Answers the challenge of a certificate authority")
            .Produces<string>(StatusCodes.Status200OK, MediaTypeNames.Text.Plain)
            .Refuses(StatusCodes.Status404NotFound);

    private static async Task<IResult> AnswerAsync(HttpContext context, string token, ChallengeStore challenges) =>
        Token().IsMatch(token) && await challenges.FindAsync(token, context.RequestAborted) is { } answer
            ? Results.Text(answer, MediaTypeNames.Text.Plain)
            : throw new ProblemException(ProblemFactory.NotFound("No challenge of this token waits for its answer."));

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{16,200}\z")]
    private static partial Regex Token();
}
