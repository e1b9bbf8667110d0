using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Rollouts;

/// <summary>Opens rollouts: the order, its waves, who belongs to which of them, and the job, in one transaction.</summary>
public sealed class RolloutOpening(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>Says what a rollout would do; nothing is changed.</summary>
    /// <returns>The plan; or why it would be refused.</returns>
    public async Task<(RolloutPlan? Plan, RolloutResult? Refused)> PlanAsync(NewRollout wanted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var (release, membership, refused) = await PrepareAsync(connection, null, wanted, cancellationToken);
        return refused is not null
            ? (null, refused)
            : (new RolloutPlan(
                release!, await membership!.CountAsync(connection, null, cancellationToken), await membership.CountPassedOverAsync(connection, null, cancellationToken)), null);
    }

    /// <summary>Opens a rollout in the caller's transaction.</summary>
    public async Task<RolloutResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewRollout wanted, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wanted);

        // One at a time for each offer: whoever comes second waits here, and then finds the first.
        var isThere = await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select code from control.offers where code = @Offer and removed_at is null for no key update", new { wanted.Offer }, transaction, cancellationToken));
        if (isThere is null)
        {
            return NoSuchOffer(wanted.Offer);
        }

        if (await connection.QuerySingleOrDefaultAsync<Rollout>(Sql.Command(
            $"{RolloutStore.Select} where r.offer = @Offer and r.state not in ('completed', 'cancelled')", new { wanted.Offer }, transaction, cancellationToken)) is { } open)
        {
            return new RolloutResult.AnotherOpen(
                $"Rollout {open.Id} brings {open.Version} to the tenants of offer '{open.Offer}' and is {open.State}: wait for its end, or cancel it (POST /api/rollouts/{open.Id}/cancel).");
        }

        var (release, membership, refused) = await PrepareAsync(connection, transaction, wanted, cancellationToken);
        if (refused is not null)
        {
            return refused;
        }

        // The number is part of the job's id.
        var id = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select nextval(pg_get_serial_sequence('control.rollouts', 'id'))", null, transaction, cancellationToken));
        var jobId = FormattableString.Invariant($"{JobKinds.Rollout}-{id}");
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.Rollout, Subject = $"{wanted.Offer} {release!.Version}", RequestedBy = wanted.RequestedBy, Changing = false },
            cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.rollouts (
              id, job_id, offer, version, release, filter, time_window, max_concurrent, reason, requested_by, requested_at)
            overriding system value
            values (@id, @jobId, @Offer, @Version, cast(@Release as jsonb), cast(@Filter as jsonb), cast(@Window as jsonb), @MaxConcurrent, @Reason, @RequestedBy, @Now);
            insert into control.rollout_waves (rollout_id, number, count, percent, max_failures, max_failures_percent)
            select @id, w.number, w.count, w.percent, w.failures, w.failures_percent
            from unnest(@Numbers, @Counts, @Percents, @Failures, @FailuresPercents) as w (number, count, percent, failures, failures_percent);
            """,
            new
            {
                id,
                jobId,
                wanted.Offer,
                release.Version,
                Release = Rollout.Write(release),
                Filter = Rollout.Write(wanted.Filter),
                Window = Rollout.Write(wanted.Window),
                wanted.MaxConcurrent,
                wanted.Reason,
                wanted.RequestedBy,
                Now = time.GetUtcNow(),
                Numbers = Enumerable.Range(1, wanted.Waves.Count).ToArray(),
                Counts = wanted.Waves.Select(w => w.Count).ToArray(),
                Percents = wanted.Waves.Select(w => w.Percent).ToArray(),
                Failures = wanted.Waves.Select(w => w.MaxFailuresPercent is null ? w.MaxFailures ?? 0 : (int?)null).ToArray(),
                FailuresPercents = wanted.Waves.Select(w => w.MaxFailuresPercent).ToArray(),
            },
            transaction, cancellationToken));
        await membership!.InsertAsync(connection, transaction, id, cancellationToken);
        var rollout = (await RolloutStore.FindAsync(connection, transaction, id, cancellationToken))!;
        if (rollout.Tenants == 0)
        {
            return Invalid("tenants", "leaves nobody to be upgraded: no tenant of the offer is chosen, or all of them are passed over; dryRun says why");
        }

        await RolloutStore.NoteAsync(connection, transaction, new Noted(id, null, "begin", wanted.RequestedBy, wanted.Reason, time.GetUtcNow()), cancellationToken);
        return new RolloutResult.Done(rollout);
    }

    private static async Task<(ApplicationRelease? Release, RolloutMembership? Membership, RolloutResult? Refused)> PrepareAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, NewRollout wanted, CancellationToken cancellationToken)
    {
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.offers where code = @Offer and removed_at is null)", new { wanted.Offer }, transaction, cancellationToken)))
        {
            return (null, null, NoSuchOffer(wanted.Offer));
        }

        TemplateChoice? template = null;
        if (wanted.TemplateVersion is { } version)
        {
            template = await connection.QuerySingleOrDefaultAsync<TemplateChoice>(Sql.Command(
                """
                select v.template_id, v.number, v.state, v.modules
                from control.template_versions v join control.templates m on m.id = v.template_id join control.servers s on s.id = m.server_id
                where m.code = @Template and s.code = @Server and v.number = @Number
                """,
                new { version.Template, version.Server, version.Number }, transaction, cancellationToken));
            if (template?.State is not ("current" or "previous" or "candidate"))
            {
                return (null, null, Invalid(
                    "templateVersion",
                    template is null
                        ? $"is unknown: server '{version.Server}' has no version {version.Number} of template '{version.Template}'"
                        : $"is {template.State}: only a candidate, the current or the previous version is rolled out"));
            }
        }

        var release = wanted.Release ?? new ApplicationRelease
        {
            Version = FormattableString.Invariant($"{wanted.TemplateVersion!.Template}-{template!.Number}"),
            Kind = UpgradeKinds.OdooBin,
            Modules = template.Modules,
        };
        var membership = new RolloutMembership(wanted, release.Version, template);
        var errors = new ValidationErrors();
        foreach (var (field, codes) in new[] { ("tenants.codes", wanted.Filter.Codes), ("canaries", wanted.Filter.Canaries) }.Where(f => f.Item2.Count > 0))
        {
            var unknown = await membership.FindUnknownAsync(connection, transaction, codes, cancellationToken);
            errors.Unless(unknown.Count == 0, field, $"names tenants that are not among those of the offer that are chosen: {string.Join(", ", unknown)}");
        }

        return errors.ToDictionary() is { Count: > 0 } wrong ? (null, null, new RolloutResult.Invalid(wrong)) : (release, membership, null);
    }

    private static RolloutResult.Invalid NoSuchOffer(string code) => Invalid("offer", $"is unknown: there is no offer '{code}'; GET /api/offers lists them");

    private static RolloutResult.Invalid Invalid(string field, string message) => new(new Dictionary<string, string[]> { [field] = [message] });
}
