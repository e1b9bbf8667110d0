using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Rollouts;

/// <summary>
/// Who belongs to which wave. The named canaries come first, then the others by the hash of release and code: the same release finds the
/// same order, on every machine and at every look, and another release another one, so that it is not always the same tenants' turn.
/// </summary>
internal sealed class RolloutMembership(NewRollout wanted, string version, TemplateChoice? template)
{
    // Tenants that another job changes for now belong to it: they come back. What has ended is not the offer's any more.
    private const string Placed =
        """
        with chosen as (
          select t.id, t.code,
            case
              when t.state = 'suspended' then 'It is suspended.'
              when t.state = 'terminating' then 'It is being removed.'
              when t.release = @Version then 'It has the release already.'
              when @Number::integer is not null and t.template_number >= @Number then 'It was made of this version of the template, or of a later one.'
            end as passed_over,
            t.code = any(@Canaries) as is_canary,
            sha256(convert_to(@Seed || t.code, 'UTF8')) as hash
          from control.tenants t
          join control.servers s on s.id = t.server_id
          where t.offer = @Offer and t.state not in ('failed', 'terminated')
            and (@Template::text is null or t.template_code = @Template)
            and (@TemplateId::bigint is null or t.template_id = @TemplateId)
            and (@Server::text is null or s.code = @Server)
            and s.labels @> @Labels
            and (cardinality(@Codes) = 0 or t.code = any(@Codes))),
        ranked as (
          select id, code, row_number() over (order by is_canary desc, hash, id)::integer as position, count(*) over () as total,
                 count(*) filter (where is_canary) over () as canaries
          from chosen where passed_over is null),
        placed as (
          select r.id, r.code, r.position,
            (select min(w.number) from unnest(@Numbers, @Counts, @Percents) as w (number, count, percent)
             where r.position <= greatest(coalesce(w.count, (r.total * w.percent + 99) / 100), case when w.number = 1 then r.canaries else 0 end)) as wave
          from ranked r)
        """;

    private object Parameters(long rolloutId = 0) => new
    {
        RolloutId = rolloutId,
        wanted.Offer,
        Seed = $"{wanted.Offer}\n{version}\n",
        Version = version,
        wanted.Filter.Template,
        TemplateId = template?.TemplateId,
        Number = template?.Number,
        wanted.Filter.Server,
        Labels = wanted.Filter.Labels.ToArray(),
        Codes = wanted.Filter.Codes.ToArray(),
        Canaries = wanted.Filter.Canaries.ToArray(),
        Numbers = Enumerable.Range(1, wanted.Waves.Count).ToArray(),
        Counts = wanted.Waves.Select(w => w.Count).ToArray(),
        Percents = wanted.Waves.Select(w => w.Percent).ToArray(),
    };

    /// <summary>Codes that were named and are not among the tenants that it is for.</summary>
    public async Task<IReadOnlyList<string>> FindUnknownAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, IReadOnlyList<string> codes, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<string>(Sql.Command(
            $"{Placed} select n.code from unnest(@Named) with ordinality as n (code, place) where n.code not in (select code from chosen) order by n.place limit 20",
            With(codes), transaction, cancellationToken))).AsList();

    /// <summary>How many would fall into which wave.</summary>
    public async Task<IReadOnlyList<PlannedWave>> CountAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<PlannedWave>(Sql.Command(
            $"""
            {Placed}
            select w.number, count(p.id)::integer as tenants, (coalesce(array_agg(p.code order by p.position) filter (where p.id is not null), array[]::text[]))[1:10] as first
            from unnest(@Numbers) as w (number) left join placed p on p.wave = w.number
            group by w.number order by w.number
            """,
            Parameters(), transaction, cancellationToken))).AsList();

    /// <summary>Which would be passed over, by reason.</summary>
    public async Task<IReadOnlyList<PassedOverTenants>> CountPassedOverAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<PassedOverTenants>(Sql.Command(
            $"""
            {Placed}
            select passed_over as reason, count(*)::integer as tenants, (array_agg(code order by code))[1:10] as first
            from chosen where passed_over is not null group by passed_over order by passed_over
            """,
            Parameters(), transaction, cancellationToken))).AsList();

    /// <summary>Writes them down, those that are passed over too.</summary>
    public Task<int> InsertAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long rolloutId, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            $"""
            {Placed}
            insert into control.rollout_tenants (rollout_id, tenant_id, position, wave, state, reason)
            select @RolloutId, id, position, wave, 'pending', null from placed
            union all
            select @RolloutId, id, null, null, 'skipped', passed_over from chosen where passed_over is not null;
            update control.rollout_waves w
            set members = (select count(*) from control.rollout_tenants t where t.rollout_id = w.rollout_id and t.wave = w.number)
            where w.rollout_id = @RolloutId;
            update control.rollouts r
            set tenants = (select count(*) from control.rollout_tenants t where t.rollout_id = r.id and t.wave is not null),
                passed_over = (select count(*) from control.rollout_tenants t where t.rollout_id = r.id and t.wave is null)
            where r.id = @RolloutId;
            """,
            Parameters(rolloutId), transaction, cancellationToken));

    private DynamicParameters With(IReadOnlyList<string> codes)
    {
        var parameters = new DynamicParameters(Parameters());
        parameters.Add("Named", codes.ToArray());
        return parameters;
    }
}

/// <summary>The version of a template whose changes are rolled out.</summary>
internal sealed record TemplateChoice
{
    public long TemplateId { get; init; }
    public int Number { get; init; }
    public string State { get; init; } = string.Empty;
    public IReadOnlyList<string> Modules { get; init; } = [];
}
