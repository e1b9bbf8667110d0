using System.Text;
using System.Text.Json;
using Bibind.ControlPlane.Jobs;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing.Template;

namespace Bibind.Functions.Http;

/// <summary>
/// Makes an order again, by the endpoint that takes such orders: it validates, reserves and refuses as it does for anybody, and needs the role that
/// it needs. What links the new job with the former is written in its transaction.
/// </summary>
internal sealed class OrderReplay(EndpointDataSource endpoints)
{
    /// <summary>Makes it.</summary>
    /// <param name="context">The call that wants it.</param>
    /// <param name="order">The order.</param>
    /// <param name="origin">The job whose order it was.</param>
    /// <returns>The id of the new job.</returns>
    /// <exception cref="ProblemException">The order is refused, or there is no such call any more.</exception>
    public async Task<string> SendAsync(HttpContext context, JobOrder order, JobOrigin origin)
    {
        if (Find(order) is not var (endpoint, values))
        {
            throw new ProblemException(ProblemFactory.Conflict("not-repeatable", "The order cannot be made again", $"There is no call {order.Operation} in this version."));
        }

        var needed = endpoint.Metadata.GetMetadata<RequiredRole>() ?? throw new InvalidOperationException($"{order.Operation} needs no role.");
        if (context.Caller().Role is not { } role || role < needed.Role)
        {
            throw new ProblemException(ProblemFactory.Forbidden(needed.Name));
        }

        using var answer = new MemoryStream();
        var call = new DefaultHttpContext { RequestServices = context.RequestServices, User = context.User, RequestAborted = context.RequestAborted, TraceIdentifier = context.TraceIdentifier };
        call.SetEndpoint(endpoint);
        call.Request.Method = order.Operation[..order.Operation.IndexOf(' ', StringComparison.Ordinal)];
        call.Request.Path = PathOf(order);
        call.Request.RouteValues = values;
        call.Response.Body = answer;
        call.Features.Set(origin);
        Carry(order, endpoint, call.Request);
        await endpoint.RequestDelegate!(call);
        return call.Response.StatusCode == StatusCodes.Status202Accepted && JobLocation.IdOf(call.Response.Headers.Location) is { } job
            ? job
            : throw new ProblemException(ProblemFactory.Conflict("nothing-ordered", "Nothing was ordered", "The order was answered without a job: there is nothing to do any more."));
    }

    /// <summary>True if the order is made by a command, which can be edited.</summary>
    public bool TakesCommand(JobOrder order) => Find(order) is var (endpoint, _) && endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null;

    private static string PathOf(JobOrder order) => order.Operation[(order.Operation.IndexOf(' ', StringComparison.Ordinal) + 1)..];

    // A call without a body keeps what it was told in its query.
    private static void Carry(JobOrder order, RouteEndpoint endpoint, HttpRequest request)
    {
        if (order.Command is null)
        {
            return;
        }

        if (endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is null)
        {
            request.QueryString = QueryString.Create(JsonElement.Parse(order.Command).EnumerateObject().Select(m => KeyValuePair.Create(m.Name, (string?)m.Value.ToString().ToLowerInvariant())));
            return;
        }

        var body = Encoding.UTF8.GetBytes(order.Command);
        request.ContentType = "application/json";
        request.ContentLength = body.Length;
        request.Body = new MemoryStream(body);
    }

    private (RouteEndpoint Endpoint, RouteValueDictionary Values)? Find(JobOrder order)
    {
        var method = order.Operation[..order.Operation.IndexOf(' ', StringComparison.Ordinal)];
        foreach (var endpoint in endpoints.Endpoints.OfType<RouteEndpoint>().OrderBy(e => e.RoutePattern.InboundPrecedence))
        {
            var values = new RouteValueDictionary();
            if (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains(method) is true
                && new TemplateMatcher(new RouteTemplate(endpoint.RoutePattern), []).TryMatch(PathOf(order), values))
            {
                return (endpoint, values);
            }
        }

        return null;
    }
}
