using System.Diagnostics.CodeAnalysis;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Registrations;

/// <summary>A registration to open.</summary>
/// <param name="Registration">What was said; its state is found here.</param>
/// <param name="EmailHash">What its address is recognised by.</param>
/// <param name="TokenHash">What its token is found by.</param>
public sealed record NewRegistration(Registration Registration, string EmailHash, string TokenHash);

/// <summary>Registrations in the control database; each change within the caller's transaction.</summary>
public sealed class RegistrationStore(IOptions<RegistrationOptions> options, TimeProvider time)
{
    /// <summary>The id of the next registration.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes registrations.")]
    public async Task<long> NextIdAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(database);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select nextval(pg_get_serial_sequence('control.registrations', 'id'))", null, cancellationToken));
    }

    /// <summary>How many days the default plan of an offer is tried for; null if the offer or its plan cannot be ordered.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes registrations.")]
    public Task<int?> FindTrialDaysAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string offer, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<int?>(Sql.Command(
            """
            select p.trial_days from control.offers o join control.plans p on p.code = o.default_plan
            where o.code = @offer and o.active and o.removed_at is null and p.active and p.removed_at is null
            """,
            new { offer }, transaction, cancellationToken));

    /// <summary>Opens a registration: it waits and holds its code, or is refused from the start, which its cause says.</summary>
    public async Task<Registration> OpenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewRegistration wanted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wanted);
        var now = time.GetUtcNow();
        var r = wanted.Registration;
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.Registration, [wanted.EmailHash], cancellationToken);

        // Who registers once more, perhaps because the letter did not come, gets another letter for the same name.
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.registrations set state = case when expires_at <= @now then 'expired' else 'withdrawn' end, ended_at = @now, ended_by = 'registration'
            where code = @Code and state = 'waiting' and (expires_at <= @now or email = @Email)
            """,
            new { r.Code, r.Email, now }, transaction, cancellationToken));
        var cause = await connection.ExecuteScalarAsync<string?>(Sql.Command(
            $"""
            select case
              when (select count(*) from control.registrations e where e.email_hash = @EmailHash and e.created_at > @aDayAgo and e.cause is distinct from 'often') >= @PerEmail then 'often'
              when exists (select from control.registrations e where e.email_hash = @EmailHash and e.state in ('confirmed', 'ordered') and e.confirmed_at > @again) then 'again'
              when exists (select from control.tenants t where t.code = @Code and {TenantStates.IsLive}) then 'taken'
              end
            """,
            new { wanted.EmailHash, aDayAgo = now.AddDays(-1), options.Value.PerEmail, again = now - options.Value.TrialAgain, r.Code }, transaction, cancellationToken));
        var opened = r with { CreatedAt = now, ExpiresAt = now + options.Value.Lifetime };
        return (cause is null ? await InsertAsync(connection, transaction, opened with { State = RegistrationStates.Waiting }, wanted, cancellationToken) : null)
            ?? (await InsertAsync(
                connection, transaction, opened with { State = RegistrationStates.Refused, Cause = cause ?? RegistrationCauses.Taken, EndedAt = now }, wanted, cancellationToken))!;
    }

    /// <summary>The registration of a token, locked; null if there is none.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes registrations.")]
    public Task<Registration?> LockByTokenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string tokenHash, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Registration>(Sql.Command(
            "select * from control.registrations where token_hash = @tokenHash for update", new { tokenHash }, transaction, cancellationToken));

    /// <summary>A registration that is proven and whose order is due, locked; null if another machine has it, or it is not due any more.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes registrations.")]
    public Task<Registration?> ClaimAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long id, DateTimeOffset now, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Registration>(Sql.Command(
            "select * from control.registrations where id = @id and state = 'confirmed' and next_try_at <= @now for update skip locked",
            new { id, now }, transaction, cancellationToken));

    /// <summary>Says whose address is proven: the customer is there from then on.</summary>
    public async Task AddCustomerAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Registration registration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(registration);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.customers (code, name, email, language, changed_by, changed_at) values (@CustomerCode, @Contact, @Email, @Language, 'registration', @Now)
            on conflict (code) do nothing
            """,
            new { registration.CustomerCode, Contact = registration.Contact ?? registration.Name, registration.Email, registration.Language, Now = time.GetUtcNow() }, transaction, cancellationToken));
    }

    /// <summary>Notes what became of it.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes registrations.")]
    public async Task SaveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Registration r, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(r);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.registrations set state = @State, cause = @Cause, reason = @Reason, confirmed_at = @ConfirmedAt, ended_at = @EndedAt, attempts = @Attempts,
              next_try_at = @NextTryAt, tenant_id = @TenantId, job_id = @JobId, customer = @Customer
            where id = @Id
            """,
            new
            {
                r.Id,
                r.State,
                r.Cause,
                r.Reason,
                r.ConfirmedAt,
                r.EndedAt,
                r.Attempts,
                r.NextTryAt,
                r.TenantId,
                r.JobId,
                r.Customer,
            },
            transaction, cancellationToken));
    }

    /// <summary>The tenant that an order made in this transaction.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes registrations.")]
    public Task<long> FindTenantAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string job, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<long>(Sql.Command("select tenant_id from control.jobs where id = @job", new { job }, transaction, cancellationToken));

    private static Task<Registration?> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Registration r, NewRegistration wanted, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Registration>(Sql.Command(
            """
            insert into control.registrations (
              id, code, name, contact, email, email_hash, offer, language, time_zone, country, currency, state, cause, token_hash, created_at, expires_at, ended_at)
            values (
              @Id, @Code, @Name, @Contact, @Email, @EmailHash, @Offer, @Language, @TimeZone, @Country, @Currency, @State, @Cause, @TokenHash, @CreatedAt, @ExpiresAt, @EndedAt)
            on conflict do nothing
            returning *
            """,
            new
            {
                r.Id,
                r.Code,
                r.Name,
                r.Contact,
                r.Email,
                wanted.EmailHash,
                r.Offer,
                r.Language,
                r.TimeZone,
                r.Country,
                r.Currency,
                r.State,
                r.Cause,
                TokenHash = r.State == RegistrationStates.Waiting ? wanted.TokenHash : null,
                r.CreatedAt,
                r.ExpiresAt,
                r.EndedAt,
            },
            transaction, cancellationToken));
}
