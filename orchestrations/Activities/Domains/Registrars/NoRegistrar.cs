using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>Nothing is bought here.</summary>
internal sealed class NoRegistrar : IDomainRegistrar
{
    private const string Words = "Domains are not sold here: set Domains__Registrar__Provider to ovh or route53.";

    public string Provider => RegistrarProviders.None;

    public Task<DomainOffer> OfferAsync(string name, CancellationToken cancellationToken) => throw Off();

    public Task<RegistrarOrder?> FindAsync(string name, DateTimeOffset since, CancellationToken cancellationToken) => throw Off();

    public Task<string> PrepareAsync(string name, string? former, CancellationToken cancellationToken) => throw Off();

    public Task<RegistrarOrder> OrderAsync(string name, string preparation, DomainOffer offer, Price limit, CancellationToken cancellationToken) => throw Off();

    public Task<PurchaseStanding> LookAsync(string name, string? reference, CancellationToken cancellationToken) => throw Off();

    private static PermanentFailureException Off() => new(Words);
}
