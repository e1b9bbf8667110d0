using Bibind.Activities;
using Bibind.Activities.Database;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>Makes a database the tenant's own that is not known as it: made anew by hand, or brought back without us.</summary>
public sealed class DatabaseOrdering(
    CommandTransaction transactions, DatabaseAdoptions adoptions, AdoptableDatabases databases, ILogger<DatabaseOrdering> logger)
{
    /// <summary>Adopts the database of the tenant's name on the tenant's server.</summary>
    /// <exception cref="ProblemException">404, 409, 422 or 503: it cannot be adopted now.</exception>
    public Task<OrderResponse> AdoptAsync(string code, AdoptDatabase command, string requestedBy, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(command);
        return transactions.RunAsync(
            request,
            async work =>
            {
                var tenant = Require(await DatabaseAdoptions.BeginAsync(work.Connection, work.Transaction, code, work.CancellationToken));
                if (command.Database != tenant.Database)
                {
                    throw new ProblemException(ProblemFactory.Invalid("database", $"must be the name of the tenant's database, '{tenant.Database}', to confirm which one is meant"));
                }

                var sight = Require(await LookAsync(tenant, work.CancellationToken));
                var adopted = new AdoptedDatabase(tenant.Database, sight.Oid, sight.Owner, command.Reason.Trim());
                var job = await adoptions.AdoptAsync(work.Connection, work.Transaction, tenant, adopted, requestedBy, work.CancellationToken);
                Logs.DatabaseAdopted(logger, requestedBy, tenant.Database, sight.Oid, code);
                return new AcceptedOrder(JobLocation.Of(job), new TenantAccepted(code, tenant.State, job));
            },
            cancellation);
    }

    private async Task<AdoptableDatabase> LookAsync(Tenant tenant, CancellationToken cancellation)
    {
        try
        {
            return await databases.LookAsync(tenant.ToPlace(JobKinds.AdoptDatabase), cancellation);
        }
        catch (TransientFailureException away)
        {
            throw new ProblemException(new Problem(
                StatusCodes.Status503ServiceUnavailable, "server-away", "The server's PostgreSQL does not answer", away.Message)
            {
                Headers = new Dictionary<string, string> { ["Retry-After"] = "10" },
            });
        }
        catch (PermanentFailureException refused)
        {
            throw new ProblemException(ProblemFactory.Conflict("server-refuses", "The server's PostgreSQL refuses", refused.Message));
        }
    }

    private static Tenant Require(AdoptionResult result) => result switch
    {
        AdoptingTenant adopting => adopting.Tenant,
        AdoptionRefused refused => throw new ProblemException(OrderProblems.Of(refused)),
        _ => throw new InvalidOperationException($"An adoption cannot begin as {result.GetType().Name}."),
    };

    private static AdoptableDatabase Require(AdoptableDatabase found) =>
        found.Kind == AdoptableKind.Adoptable ? found : throw new ProblemException(OrderProblems.Of(found));
}
