using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>Retry policies, shared by activities on the same kind of server.</summary>
internal static class Policies
{
    /// <summary>
    /// An act: tried for five minutes, so that a server that is away for some does not fail an order, and looked at again within a
    /// quarter of a minute after it is back. What cannot succeed is not tried again at all.
    /// </summary>
    internal static readonly RetryPolicy Act = new(25, TimeSpan.FromMilliseconds(500), 2, TimeSpan.FromSeconds(15));

    /// <summary>An act that can be put off: somebody waits, and it comes again by itself.</summary>
    internal static readonly RetryPolicy Brief = new(3, TimeSpan.FromMilliseconds(300), 3, TimeSpan.FromSeconds(1));

    /// <summary>A step of a timer, which comes again by itself.</summary>
    internal static readonly RetryPolicy Round = new(3, TimeSpan.FromSeconds(1), 4, TimeSpan.FromSeconds(30));

    /// <summary>An undo: tried for about half an hour before it is reported as a leftover.</summary>
    internal static readonly RetryPolicy Undo = new(30, TimeSpan.FromMilliseconds(500), 2, TimeSpan.FromMinutes(1));
}
