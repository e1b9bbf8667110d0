using Microsoft.AspNetCore.Http;

namespace Bibind.EndToEnd.Tests.Purchases;

/// <summary>A registrar's API as a test sees it: the real ones cannot be had.</summary>
internal interface IRegistrarStub : IAsyncDisposable
{
    /// <summary>The product's settings for it.</summary>
    IReadOnlyDictionary<string, string> Settings { get; }

    /// <summary>The name that can be bought.</summary>
    string Name { get; }

    /// <summary>Of a year, in EUR.</summary>
    decimal Price { get; set; }

    /// <summary>Orders that were placed, given up ones too.</summary>
    int Orders { get; }

    /// <summary>True finishes an order at the next look.</summary>
    bool Delivers { get; set; }

    /// <summary>True gives an order up at the next look.</summary>
    bool GivesUp { get; set; }

    /// <summary>Is set once a call is held at <see cref="HoldAt"/>.</summary>
    Task Held { get; }

    /// <summary>Where a call is held for ever, once.</summary>
    Hold HoldAt { get; set; }

    /// <summary>Answers instead of the API when it answers true.</summary>
    Func<HttpContext, Task<bool>>? Fault { set; }

    /// <summary>The name is in the account.</summary>
    void Own();
}

/// <summary>Where a stub holds a call.</summary>
public enum Hold
{
    Nowhere,

    /// <summary>The order arrived and was not placed.</summary>
    BeforeTheOrder,

    /// <summary>The order was placed and is not answered.</summary>
    AfterTheOrder,
}
