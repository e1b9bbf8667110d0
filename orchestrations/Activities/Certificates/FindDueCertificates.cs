using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Certificates;

/// <summary>Finds the certificates that have to be looked at now.</summary>
public sealed class FindDueCertificates(ICertificateRenewals renewals) : TaskActivity<Unit, DueCertificates>
{
    private const int AtOnce = 50;

    /// <inheritdoc/>
    public override async Task<DueCertificates> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        var names = await renewals.DueAsync(AtOnce, context.CancellationToken);
        return new DueCertificates(names, names.Count == AtOnce);
    }
}
