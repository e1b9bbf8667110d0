using Bibind.Contracts;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>Turns an answer of another shape than the documented one into a failure in words, which is tried again.</summary>
internal sealed class GuardedRegistrar(IDomainRegistrar inner) : IDomainRegistrar
{
    public string Provider => inner.Provider;

    public Task<DomainOffer> OfferAsync(string name, CancellationToken cancellationToken) => GuardAsync(() => inner.OfferAsync(name, cancellationToken));

    public Task<RegistrarOrder?> FindAsync(string name, DateTimeOffset since, CancellationToken cancellationToken) =>
        GuardAsync(() => inner.FindAsync(name, since, cancellationToken));

    public Task<string> PrepareAsync(string name, string? former, CancellationToken cancellationToken) =>
        GuardAsync(() => inner.PrepareAsync(name, former, cancellationToken));

    public Task<RegistrarOrder> OrderAsync(string name, string preparation, DomainOffer offer, Price limit, CancellationToken cancellationToken) =>
        GuardAsync(() => inner.OrderAsync(name, preparation, offer, limit, cancellationToken));

    public Task<PurchaseStanding> LookAsync(string name, string? reference, CancellationToken cancellationToken) =>
        GuardAsync(() => inner.LookAsync(name, reference, cancellationToken));

    private async Task<T> GuardAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception shape) when (shape is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException)
        {
            throw new TransientFailureException($"The registrar ({Provider}) answered with something that cannot be understood.", shape);
        }
    }
}
