using System.Net;
using Bibind.Contracts;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Registrations;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>What came of a proof.</summary>
/// <param name="Code">The tenant's code.</param>
/// <param name="State">ordered, or confirmed while the order cannot be met for the moment.</param>
/// <param name="Url">Where the tenant will be found.</param>
public sealed record RegistrationConfirmed(string Code, string State, string Url);

/// <summary>
/// Takes registrations, and makes orders of those whose address is proven. Proof, order and what became of it are one transaction: a process that is killed
/// leaves all of them or none.
/// </summary>
public sealed class RegistrationOrdering(
    CommandTransaction transactions, RegistrationStore store, RegistrationTokens tokens, RegistrationLimits limits, TenantOrdering tenants, INotices notices,
    NpgsqlDataSource database, IOptions<RegistrationOptions> options, IOptions<PlatformOptions> platform, TimeProvider time, ILogger<RegistrationOrdering> logger)
{
    private const string By = "registration";
    private const int MostDoublings = 6;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    // Problems that go away by themselves, or by what an operator does about them.
    private static readonly HashSet<string> Passing = new(StringComparer.Ordinal) { "template-not-ready", "no-active-server", "no-capacity", "no-suitable-server" };

    /// <summary>What is wrong with what somebody says, by the names of an order.</summary>
    public Task<IReadOnlyDictionary<string, string[]>> FindWrongAsync(Registration registration, CancellationToken cancellation) =>
        tenants.FindWrongAsync(OrderOf(registration), isRefused: false, cancellation);

    /// <summary>Takes a registration. It is answered the same whatever becomes of it: the owner of the address is told by letter.</summary>
    /// <param name="registration">What was said.</param>
    /// <param name="email">The address, as it was read.</param>
    /// <param name="from">Where it comes from.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProblemException">409: there is no trial of the offer; 429: there were enough.</exception>
    public async Task<DateTimeOffset> RegisterAsync(Registration registration, EmailAddress email, IPAddress? from, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(registration);
        if (await limits.TakeAsync(from, cancellation) is { } wait)
        {
            Logs.RegistrationLimited(logger, wait);
            throw new ProblemException(ProblemFactory.TooMany("There were enough registrations from there, or altogether, in this hour; try again later.", wait));
        }

        var id = await store.NextIdAsync(database, cancellation);
        var emailHash = await tokens.HashOfAsync(email, cancellation);
        var tokenHash = await tokens.MakeAsync(id, cancellation);
        var opened = await transactions.RunAsync(
            async work =>
            {
                if (await store.FindTrialDaysAsync(work.Connection, work.Transaction, registration.Offer, work.CancellationToken) is null or 0)
                {
                    throw new ProblemException(ProblemFactory.Conflict("no-trial", "There is no trial of this offer", $"The offer '{registration.Offer}' cannot be tried for the moment.", "offer"));
                }

                var row = await store.OpenAsync(work.Connection, work.Transaction, new NewRegistration(registration with { Id = id }, emailHash, tokenHash), work.CancellationToken);
                if (row.Cause != RegistrationCauses.Often)
                {
                    await notices.RaiseAsync(
                        work.Connection, work.Transaction, row.Cause is { } cause ? row.RefusedNotice(cause) : row.ConfirmNotice(), work.CancellationToken);
                }

                return row;
            },
            cancellation);
        Logs.RegistrationTaken(logger, opened.Id, opened.Code, opened.State, opened.Cause ?? "none");
        return opened.ExpiresAt;
    }

    /// <summary>Takes the proof of an address, and orders.</summary>
    /// <exception cref="ProblemException">404 or 410: the token is none, or none any more; 409: the order can never be met.</exception>
    public async Task<RegistrationConfirmed> ConfirmAsync(string token, CancellationToken cancellation)
    {
        var hash = RegistrationTokens.HashOf(token) ?? throw Unknown();
        var (row, refusal) = await transactions.RunAsync(
            async work =>
            {
                var found = await store.LockByTokenAsync(work.Connection, work.Transaction, hash, work.CancellationToken) ?? throw Unknown();
                return RefusalOf(found) is { } refused
                    ? (found, refused)
                    : (await OrderAsync(work, found with { ConfirmedAt = time.GetUtcNow() }), (Problem?)null);
            },
            cancellation);
        if (refusal is not null)
        {
            throw new ProblemException(refusal);
        }

        await tokens.ForgetAsync(row.Id, cancellation);
        return row.State == RegistrationStates.Failed
            ? throw new ProblemException(ProblemFactory.Conflict("registration-failed", "The trial cannot be made", $"The trial '{row.Code}' cannot be made: {row.Reason} Register again."))
            : new RegistrationConfirmed(row.Code, row.State, $"{platform.Value.Scheme}://{row.Code}.{platform.Value.Domain}");
    }

    /// <summary>Tries the order of a proven registration once more, if it is due and no other machine does.</summary>
    public Task<bool> RetryAsync(long id, CancellationToken cancellation) => transactions.RunAsync(
        async work =>
        {
            if (await store.ClaimAsync(work.Connection, work.Transaction, id, time.GetUtcNow(), work.CancellationToken) is not { } row)
            {
                return false;
            }

            await OrderAsync(work, row);
            return true;
        },
        cancellation);

    private async Task<Registration> OrderAsync(UnitOfWork work, Registration row)
    {
        var next = row with { Customer = row.CustomerCode, Attempts = row.Attempts + 1, NextTryAt = null };
        await store.AddCustomerAsync(work.Connection, work.Transaction, row, work.CancellationToken);
        try
        {
            var accepted = await tenants.OrderWithinAsync(work, OrderOf(row));
            next = next with
            {
                State = RegistrationStates.Ordered,
                Cause = null,
                Reason = null,
                EndedAt = time.GetUtcNow(),
                JobId = accepted.Job,
                TenantId = await store.FindTenantAsync(work.Connection, work.Transaction, accepted.Job, work.CancellationToken),
            };
        }
        catch (ProblemException refused) when (Passing.Contains(refused.Problem.Kind) && time.GetUtcNow() - row.ConfirmedAt < options.Value.GiveUpAfter)
        {
            next = next with
            {
                State = RegistrationStates.Confirmed,
                Reason = refused.Problem.Detail,
                NextTryAt = time.GetUtcNow() + (Pause * Math.Pow(2, Math.Min(row.Attempts, MostDoublings))),
            };
        }
        catch (ProblemException refused)
        {
            var cause = refused.Problem.Kind.EndsWith("-taken", StringComparison.Ordinal) ? RegistrationCauses.Taken : RegistrationCauses.Order;
            next = next with { State = RegistrationStates.Failed, Cause = cause, Reason = refused.Problem.Detail, EndedAt = time.GetUtcNow() };
            await notices.RaiseAsync(work.Connection, work.Transaction, next.RefusedNotice(cause), work.CancellationToken);
        }

        await store.SaveAsync(work.Connection, work.Transaction, next, work.CancellationToken);
        Logs.RegistrationProven(logger, next.Id, next.Code, next.State, next.Reason ?? next.JobId ?? "nothing to say");
        return next;
    }

    private Problem? RefusalOf(Registration row) => row.State switch
    {
        RegistrationStates.Waiting when row.ExpiresAt > time.GetUtcNow() => null,
        RegistrationStates.Waiting or RegistrationStates.Expired => ProblemFactory.Gone("registration-expired", "The link has expired", "The link could be followed for a limited time, which is over; register again."),
        RegistrationStates.Confirmed or RegistrationStates.Ordered or RegistrationStates.Failed =>
            ProblemFactory.Gone("registration-used", "The link was followed before", $"The registration of '{row.Code}' was confirmed already; nothing is done a second time."),
        _ => ProblemFactory.Gone("registration-withdrawn", "The registration was withdrawn", "The registration was withdrawn, or another one took its place; use the newest letter, or register again."),
    };

    private static ProblemException Unknown() =>
        new(ProblemFactory.NotFound("There is no registration with this token; take the whole link of the letter, or register again."));

    private static TenantOrder OrderOf(Registration r) => new()
    {
        Code = r.Code,
        Name = r.Name!,
        Customer = r.Id == 0 ? null : r.CustomerCode,
        CustomerName = r.Contact,
        CustomerEmail = r.Email,
        Offer = r.Offer,
        Locale = new TenantLocale { Language = r.Language, TimeZone = r.TimeZone, Country = r.Country, Currency = r.Currency },
        Registration = r.Id,
        RequestedBy = By,
    };
}
