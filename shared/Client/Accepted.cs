using System.Net;

namespace Bibind.Client;

/// <summary>What is made of an order: a preview of it, or what was started.</summary>
/// <param name="Preview">For a dry run.</param>
/// <param name="Accepted">Otherwise.</param>
public sealed record Ordered<TPreview, TAccepted>(TPreview? Preview, TAccepted? Accepted)
    where TPreview : class
    where TAccepted : class;

/// <summary>Calls that answer a dry run and an order with different bodies: the generated ones return the first and throw the second.</summary>
public static class Accepted
{
    public static async Task<Ordered<TPreview, TAccepted>> OrderAsync<TPreview, TAccepted>(Func<Task<TPreview>> call)
        where TPreview : class
        where TAccepted : class
    {
        ArgumentNullException.ThrowIfNull(call);
        try
        {
            return new Ordered<TPreview, TAccepted>(await call().ConfigureAwait(false), null);
        }
        catch (ApiException<TAccepted> accepted) when (accepted.StatusCode == (int)HttpStatusCode.Accepted)
        {
            return new Ordered<TPreview, TAccepted>(null, accepted.Result);
        }
    }
}
