using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Servers;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using static Bibind.ControlPlane.Tenants.ReservationRefusalKind;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Gives an order its place, or says why it cannot have one.</summary>
/// <remarks>
/// The promises are kept by the database: three unique indexes for code, host and database, a row lock for capacity.
/// The insert gives way to a conflict instead of raising it, so a refusal leaves the caller's transaction usable and
/// an order that loses a race is refused like one that came late.
/// </remarks>
public sealed class Reservations
{
    private readonly JobStore _jobs;
    private readonly Placement _placement;
    private readonly PlatformOptions _platform;
    private readonly TimeProvider _time;
    private readonly ILogger<Reservations> _logger;

    public Reservations(
        JobStore jobs, IOptions<PlacementOptions> placement, IOptions<PlatformOptions> platform, TimeProvider time, ILogger<Reservations> logger)
    {
        ArgumentNullException.ThrowIfNull(platform);
        _jobs = jobs;
        _placement = new Placement(placement);
        _platform = platform.Value;
        _time = time;
        _logger = logger;
    }

    /// <summary>Reserves in the caller's transaction; the place is held when it commits.</summary>
    /// <exception cref="ArgumentException">The order does not pass <see cref="TenantOrderValidation"/>.</exception>
    public async Task<ReservationResult> ReserveAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(transaction);
        if (TenantOrderValidation.Check(order) is { Count: > 0 } errors)
        {
            throw new ArgumentException($"The order is not valid: {string.Join(", ", errors.Keys)}.", nameof(order));
        }

        var result = await TryReserveAsync(connection, transaction, order, cancellationToken);
        switch (result)
        {
            case Reservation r:
                Logs.TenantReserved(_logger, order.Code, r.TenantId, r.Place.ServerCode, r.Place.Database, r.JobId);
                break;
            case ReservationRefused refused:
                Logs.ReservationRefused(_logger, order.Code, refused.Kind.ToString());
                break;
        }

        return result;
    }

    private async Task<ReservationResult> TryReserveAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantOrder order, CancellationToken cancellationToken)
    {
        var terms = await ReadTermsAsync(connection, transaction, order, cancellationToken);
        if (terms.Refusal(order) is { } unknown)
        {
            return unknown;
        }

        var host = $"{order.Code}.{_platform.Domain}";
        if (!DatabasePattern.TryApply(terms.DatabasePattern!, order.Code, host, out var databaseName, out var problem))
        {
            return new ReservationRefused(DatabaseNameInvalid, "code", $"By offer '{order.Offer}', {problem}: choose another code or offer.");
        }

        // Asked before any lock: most repetitions end here and keep nobody waiting.
        if (await FindConflictAsync(connection, transaction, order.Code, host, null, databaseName, cancellationToken) is { } early)
        {
            return early;
        }

        var candidates = await Placement.LockCandidatesAsync(connection, transaction, terms.Template!, databaseName, cancellationToken);
        var (suitable, misfit) = Suit(candidates, terms.Template!, order);
        if (misfit is not null && suitable.Count == 0)
        {
            return new ReservationRefused(LocaleNotOffered, misfit.Field, misfit.Message);
        }

        var open = suitable.Where(c => c.HasRoom(_placement.MinimumFreePercent)).ToList();
        var place = open.Find(c => !c.DatabaseTaken);
        if (place is null)
        {
            // A rival may have taken the code while this order waited for the lock; that is the better answer.
            return await FindConflictAsync(connection, transaction, order.Code, host, null, databaseName, cancellationToken)
                ?? await ExplainNoPlaceAsync(connection, transaction, terms.Template!, databaseName, suitable, open, cancellationToken);
        }

        while (true)
        {
            if (await InsertAsync(connection, transaction, order, terms, place, host, databaseName, cancellationToken) is { } tenant)
            {
                var jobId = $"provision-{order.Code}-{tenant.Id}";
                await _jobs.InsertAsync(
                    connection, transaction,
                    new NewJob
                    {
                        Id = jobId,
                        Kind = JobKinds.Provision,
                        TenantId = tenant.Id,
                        TenantCode = order.Code,
                        Subject = order.Code,
                        RequestedBy = order.RequestedBy,
                    },
                    cancellationToken);
                return new Reservation(tenant.Id, jobId, tenant.ToPlace(jobId));
            }

            // No conflict to be seen means that the rival ended in between, and the names are free again.
            if (await FindConflictAsync(connection, transaction, order.Code, host, place, databaseName, cancellationToken) is { } conflict)
            {
                return conflict;
            }
        }
    }

    // A template of one code may offer more on one server than on another. What a backup becomes a tenant of is not made of it.
    private static (IReadOnlyList<Place> Suitable, TemplateMisfit? Misfit) Suit(IReadOnlyList<Place> candidates, string template, TenantOrder order)
    {
        if (order.IsRestored)
        {
            return (candidates, null);
        }

        var checkedOnes = candidates
            .Select(c => (Place: c, Misfit: c.TemplateContents is { } contents ? TemplateFit.ProblemWith(template, contents, order.Locale) : null)).ToList();
        return ([.. checkedOnes.Where(c => c.Misfit is null).Select(c => c.Place)], checkedOnes.Find(c => c.Misfit is not null).Misfit);
    }

    private static Task<Terms> ReadTermsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantOrder order, CancellationToken cancellationToken) =>
        connection.QuerySingleAsync<Terms>(Sql.Command(
            """
            select o.code as offer, o.application, o.database_pattern, p.code as plan, t.template,
                   exists (select from control.template_catalogue c where c.code = t.template)
                     or exists (select from control.templates m where m.code = t.template) as template_known
            from (select 1) one
            left join control.offers o on o.code = @Offer
            left join control.plans p on p.code = coalesce(@Plan, o.default_plan)
            cross join lateral (select coalesce(@Template, o.default_template) as template) t
            """,
            new { order.Offer, order.Plan, order.Template }, transaction, cancellationToken));

    private static async Task<ReservationRefused?> FindConflictAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string host, Place? place, string databaseName,
        CancellationToken cancellationToken)
    {
        var conflict = await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            $"""
            select case when t.code = @code then 'code' when t.host = @host then 'host' else 'database' end as field
            from control.tenants t
            where {TenantStates.IsLive}
              and (t.code = @code or t.host = @host or (t.server_id = @ServerId and t.database = @databaseName))
            order by field limit 1
            """,
            new { code, host, place?.ServerId, databaseName }, transaction, cancellationToken));
        return conflict switch
        {
            null => null,
            "code" => new ReservationRefused(CodeTaken, "code", $"The code '{code}' belongs to a tenant already: choose another code."),
            "host" => new ReservationRefused(HostTaken, "code", $"The host '{host}' belongs to a tenant already: choose another code."),
            _ => new ReservationRefused(
                DatabaseTaken, "code", $"The database '{databaseName}' on server '{place!.ServerCode}' belongs to a tenant already: choose another code."),
        };
    }

    private async Task<ReservationRefused> ExplainNoPlaceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string template, string databaseName,
        IReadOnlyList<Place> candidates, List<Place> open, CancellationToken cancellationToken)
    {
        if (open.Count > 0)
        {
            return new ReservationRefused(
                DatabaseTaken, "code", $"The database name '{databaseName}' is taken on every server with room ({Codes(open)}): choose another code.");
        }

        if (candidates.Count > 0)
        {
            return new ReservationRefused(
                NoCapacity, "template",
                $"No server with the template '{template}' has room: {Codes(candidates)} have less than {_placement.MinimumFreePercent} % of their places free, " +
                "or none. Add a server, raise maxTenants, or remove tenants.");
        }

        return await Placement.CountActiveAsync(connection, transaction, cancellationToken) == 0
            ? new ReservationRefused(NoActiveServer, "offer", "No server is active and healthy: activate one, or mend its health.")
            : new ReservationRefused(
                TemplateNotReady, "template",
                $"The template '{template}' is not ready on any active server: create it there first, or order another template."
                + await WhyNotReadyAsync(connection, transaction, template, cancellationToken));
    }

    private static async Task<string> WhyNotReadyAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string template, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<string?>(Sql.Command(
            """
            select string_agg(' On ' || s.code || ': ' || m.reason, '' order by s.code)
            from control.templates m join control.servers s on s.id = m.server_id where m.code = @template and m.state = 'failed'
            """,
            new { template }, transaction, cancellationToken)) ?? string.Empty;

    private async Task<Tenant?> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantOrder order, Terms terms, Place place, string host, string databaseName,
        CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command(
            """
            with next as (select nextval(pg_get_serial_sequence('control.tenants', 'id')) as id)
            insert into control.tenants (
              id, code, name, customer, customer_name, customer_email, offer, plan, template_id, template_code, template_database, template_version,
              server_id, database, host, base_url, bucket, language, time_zone, date_format, currency, country, vat, callback_url,
              state, requested_by, created_at)
            select
              next.id, @Code, @Name, @Customer, @CustomerName, @CustomerEmail, @Offer, @Plan, @TemplateId, @Template, @TemplateDatabase, @TemplateVersion,
              @ServerId, @databaseName, @host, @BaseUrl, @BucketPrefix || @Code || '-' || next.id, @Language, @TimeZone, @DateFormat,
              @Currency, @Country, @Vat, @CallbackUrl, 'provisioning', @RequestedBy, @Now
            from next
            on conflict do nothing
            returning *, @ServerCode as server_code, @Application as application
            """,
            new
            {
                order.Code,
                order.Name,
                order.Customer,
                order.CustomerName,
                order.CustomerEmail,
                order.Offer,
                terms.Plan,
                place.TemplateId,
                terms.Template,
                place.TemplateDatabase,
                place.TemplateVersion,
                place.ServerId,
                place.ServerCode,
                terms.Application,
                databaseName,
                host,
                BaseUrl = $"{_platform.Scheme}://{host}",
                _platform.BucketPrefix,
                order.Locale.Language,
                order.Locale.TimeZone,
                order.Locale.DateFormat,
                order.Locale.Currency,
                order.Locale.Country,
                order.Locale.Vat,
                order.CallbackUrl,
                order.RequestedBy,
                Now = _time.GetUtcNow(),
            },
            transaction, cancellationToken));

    private static string Codes(IEnumerable<Place> places) => string.Join(", ", places.Select(p => p.ServerCode));

    /// <summary>What the order's words stand for; null where nothing has that name.</summary>
    private sealed record Terms
    {
        public string? Offer { get; init; }
        public string? Application { get; init; }
        public string? DatabasePattern { get; init; }
        public string? Plan { get; init; }
        public string? Template { get; init; }
        public bool TemplateKnown { get; init; }

        public ReservationRefused? Refusal(TenantOrder order) =>
            Offer is null ? new ReservationRefused(UnknownOffer, "offer", $"There is no offer '{order.Offer}': the list of offers has the codes.")
            : !Applications.Provided.Contains(Application) ? new ReservationRefused(
                ApplicationNotProvided, "offer", $"The offer '{order.Offer}' is of the application '{Application}', which cannot be provided; there is {string.Join(", ", Applications.Provided)}.")
            : Plan is null ? new ReservationRefused(UnknownPlan, "plan", $"There is no plan '{order.Plan}': choose starter, pro or enterprise.")
            : !TemplateKnown ? new ReservationRefused(UnknownTemplate, "template", $"There is no template '{Template}': the list of templates has the codes.")
            : null;
    }
}
