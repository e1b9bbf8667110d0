using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Pools;
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
    private readonly PlacementOptions _placement;
    private readonly PlatformOptions _platform;
    private readonly TimeProvider _time;
    private readonly ILogger<Reservations> _logger;

    public Reservations(
        JobStore jobs, IOptions<PlacementOptions> placement, IOptions<PlatformOptions> platform, TimeProvider time, ILogger<Reservations> logger)
    {
        ArgumentNullException.ThrowIfNull(placement);
        ArgumentNullException.ThrowIfNull(platform);
        _jobs = jobs;
        _placement = placement.Value;
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
        var terms = await OrderTerms.ReadAsync(connection, transaction, order, cancellationToken);
        if (terms.Refusal(order) is { } unknown)
        {
            return unknown;
        }

        var variant = await TemplateVariants.ChooseAsync(connection, transaction, terms.Template!, order, cancellationToken);
        if (variant.Refusal is { } unfit)
        {
            return unfit;
        }

        terms = terms with { Template = variant.Code };
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

        if (await IsHeldAsync(connection, transaction, order, cancellationToken))
        {
            return new ReservationRefused(CodeTaken, "code", $"The code '{order.Code}' is held for somebody who registered for a trial: choose another code, or withdraw the registration.");
        }

        var wish = new PlacementWish
        {
            Template = terms.Template,
            DatabaseName = databaseName,
            Region = terms.Region,
            Labels = terms.Labels,
            Size = terms.Size,
            MinimumFreePercent = _placement.MinimumFreePercent,
        };
        var candidates = await Placement.LockCandidatesAsync(connection, transaction, wish, cancellationToken);
        var (suitable, misfits) = Suit(candidates, terms.Template!, order);
        if (misfits.Count > 0 && suitable.Count == 0)
        {
            return new ReservationRefused(LocaleNotOffered, misfits[0].Misfit.Field, misfits[0].Misfit.Message);
        }

        if (Placement.Choose(suitable, wish, _placement.Strategy).FirstOrDefault() is not { } place)
        {
            // A rival may have taken the code while this order waited for the lock; that is the better answer.
            return await FindConflictAsync(connection, transaction, order.Code, host, null, databaseName, cancellationToken)
                ?? Refuse(await Placement.ReadAsync(connection, transaction, wish, null, cancellationToken), wish, [.. misfits.Select(m => m.Server.ServerId)]);
        }

        place = await TemplateVersionChoice.ChooseAsync(connection, transaction, place, order, cancellationToken);
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
                var pooled = await PoolClaims.TakeAsync(
                    connection, transaction, tenant.Id, order.IsRestored ? null : place.Pool, _time.GetUtcNow(), cancellationToken);
                return new Reservation(tenant.Id, jobId, tenant.ToPlace(jobId) with { Pooled = pooled });
            }

            // No conflict to be seen means that the rival ended in between, and the names are free again.
            if (await FindConflictAsync(connection, transaction, order.Code, host, place, databaseName, cancellationToken) is { } conflict)
            {
                return conflict;
            }
        }
    }

    // A template of one code may offer more on one server than on another. What a backup becomes a tenant of is not made of it.
    private static (IReadOnlyList<ServerStanding> Suitable, IReadOnlyList<(ServerStanding Server, TemplateMisfit Misfit)> Misfits) Suit(
        IReadOnlyList<ServerStanding> candidates, string template, TenantOrder order)
    {
        if (order.IsRestored)
        {
            return (candidates, []);
        }

        var checkedOnes = candidates
            .Select(c => (Server: c, Misfit: c.TemplateContents is { } contents ? TemplateFit.ProblemWith(template, contents, order.Locale) : null)).ToList();
        return ([.. checkedOnes.Where(c => c.Misfit is null).Select(c => c.Server)], [.. checkedOnes.Where(c => c.Misfit is not null).Select(c => (c.Server, c.Misfit!))]);
    }

    // For a limited time; whoever registered has the same right to the name as whoever ordered.
    private Task<bool> IsHeldAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, TenantOrder order, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(
            """
            select exists (
              select from control.registrations r
              where r.code = @Code and (r.state = 'confirmed' or (r.state = 'waiting' and r.expires_at > @Now)) and r.id is distinct from @Registration)
            """,
            new { order.Code, order.Registration, Now = _time.GetUtcNow() }, transaction, cancellationToken));

    private static async Task<ReservationRefused?> FindConflictAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string host, ServerStanding? place, string databaseName,
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

    // The kind is that of the server that came nearest: what is named can be mended there.
    private ReservationRefused Refuse(IReadOnlyList<ServerStanding> servers, PlacementWish wish, IReadOnlyList<long> misfits)
    {
        var passedOver = Placement.Explain(servers.Where(s => !misfits.Contains(s.ServerId)), wish);
        var which = Placement.Sentence(passedOver) + string.Concat(
            servers.Where(s => misfits.Contains(s.ServerId)).Select(s => $" The template on {s.ServerCode} does not offer the order's language, currency or country."));
        return (passedOver.Count == 0 ? PassedOver.NotServing : passedOver[0].Kind) switch
        {
            PassedOver.DatabaseTaken => new ReservationRefused(
                DatabaseTaken, "code", $"The database name '{wish.DatabaseName}' is taken on every server with room: choose another code.{which}"),
            PassedOver.Full => new ReservationRefused(
                NoCapacity, wish.Size > 1 ? "size" : "template",
                $"No server that fits has room: {wish.Size} of its places and {_placement.MinimumFreePercent} % of all must be free. "
                + $"Add a server, raise maxTenants, or remove tenants.{which}"),
            PassedOver.TemplateNotReady => new ReservationRefused(
                TemplateNotReady, "template",
                $"The template '{wish.Template}' is not ready on any server that fits: create it there first, or order another template.{which}"),
            PassedOver.NotSuitable => new ReservationRefused(
                NoSuitableServer, wish.Region is not null ? "region" : "labels", $"No server in service {Placement.Wanted(wish)}: ask for another, or add such a server.{which}"),
            _ => new ReservationRefused(NoActiveServer, "offer", $"No server is active and healthy: activate one, or mend its health.{which}"),
        };
    }

    private async Task<Tenant?> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TenantOrder order, OrderTerms terms, ServerStanding place, string host, string databaseName,
        CancellationToken cancellationToken) =>
        await connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command(
            """
            with next as (select nextval(pg_get_serial_sequence('control.tenants', 'id')) as id)
            insert into control.tenants (
              id, code, name, customer, customer_name, customer_email, offer, offer_version, plan, plan_version, template_id, template_code, template_database, template_version, template_number,
              server_id, database, host, base_url, bucket, language, time_zone, date_format, currency, country, vat, callback_url,
              state, requested_by, created_at, places, max_users, max_storage_bytes, maintenance_window)
            select
              next.id, @Code, @Name, @Customer, @CustomerName, @CustomerEmail, @Offer, @OfferVersion, @Plan, @PlanVersion, @TemplateId, @Template, @TemplateDatabase, @TemplateVersion, @TemplateNumber,
              @ServerId, @databaseName, @host, @BaseUrl, @BucketPrefix || @Code || '-' || next.id, @Language, @TimeZone, @DateFormat,
              @Currency, @Country, @Vat, @CallbackUrl, 'provisioning', @RequestedBy, @Now, @Size, @MaxUsers, @MaxStorageBytes, cast(@Window as jsonb)
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
                terms.OfferVersion,
                terms.Plan,
                terms.PlanVersion,
                place.TemplateId,
                terms.Template,
                place.TemplateDatabase,
                place.TemplateVersion,
                place.TemplateNumber,
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
                terms.Size,
                order.MaxUsers,
                order.MaxStorageBytes,
                Window = order.MaintenanceWindow?.ToJson(),
            },
            transaction, cancellationToken));
}
