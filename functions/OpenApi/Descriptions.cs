using Bibind.Functions.Problems;
using Bibind.Functions.Requests;

namespace Bibind.Functions.OpenApi;

/// <summary>The call may carry an <c>Idempotency-Key</c>.</summary>
internal sealed record TakesIdempotencyKey;

/// <summary>Describes endpoints where they are mapped; the OpenAPI document is made from it.</summary>
internal static class Descriptions
{
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.WithName(name).WithSummary(summary);

    public static RouteHandlerBuilder Takes<TCommand>(this RouteHandlerBuilder endpoint)
        where TCommand : class =>
        endpoint.Accepts<TCommand>("application/json").Refuses(
            StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status422UnprocessableEntity);

    /// <summary>A command that may be left out.</summary>
    public static RouteHandlerBuilder TakesPerhaps<TCommand>(this RouteHandlerBuilder endpoint)
        where TCommand : class =>
        endpoint.Accepts<TCommand>(isOptional: true, "application/json").Refuses(
            StatusCodes.Status400BadRequest, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType, StatusCodes.Status422UnprocessableEntity);

    public static RouteHandlerBuilder TakesQuery(this RouteHandlerBuilder endpoint, params QueryParameter[] parameters) =>
        endpoint.WithMetadata(new QueryParameters(parameters)).Refuses(StatusCodes.Status400BadRequest);

    public static RouteHandlerBuilder TakesKey(this RouteHandlerBuilder endpoint) => endpoint.WithMetadata(new TakesIdempotencyKey());

    public static RouteHandlerBuilder TakesIfMatch(this RouteHandlerBuilder endpoint, bool isRequired)
    {
        endpoint.WithMetadata(new TakesIfMatch(isRequired)).Refuses(StatusCodes.Status400BadRequest, StatusCodes.Status412PreconditionFailed);
        return isRequired ? endpoint.Refuses(StatusCodes.Status428PreconditionRequired) : endpoint;
    }

    public static RouteHandlerBuilder Answers<TAnswer>(this RouteHandlerBuilder endpoint, int status = StatusCodes.Status200OK) =>
        endpoint.Produces<TAnswer>(status, "application/json");

    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.Produces<ProblemBody>(status, "application/problem+json");
        }

        return endpoint;
    }
}
