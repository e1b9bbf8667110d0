using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Odoo 16 to 19, told apart by which tables and columns a database has.</summary>
public sealed class OdooApplication(TimeProvider time) : IApplication
{
    private const string AddressSql =
        """
        insert into public.ir_config_parameter (key, value, create_date, write_date)
        values ('web.base.url', $1, $2, $2), ('web.base.url.freeze', 'True', $2, $2)
        on conflict (key) do update set value = excluded.value, write_date = excluded.write_date
        where ir_config_parameter.value is distinct from excluded.value
        """;

    private const string FilesSql =
        "select store_fname, max(file_size)::bigint from public.ir_attachment where store_fname is not null group by store_fname order by store_fname collate \"C\"";

    /// <inheritdoc/>
    public string Name => Applications.Odoo;

    /// <inheritdoc/>
    // One transaction: a database is either the template's or configured, whatever ends us in between.
    public async Task<TemplateContents?> ConfigureAsync(
        NpgsqlConnection connection, TenantDescriptor place, string administratorHash, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(place);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tables = await OdooTables.ReadAsync(connection, place.Database, cancellationToken);
        if (await OdooIdentity.FindTenantAsync(connection, cancellationToken) == OdooIdentity.TenantValue(place))
        {
            return null;
        }

        var contents = await OdooContents.ReadAsync(connection, tables, cancellationToken);
        var rows = await OdooReferences.FindAsync(connection, tables, contents, place, cancellationToken);
        var now = time.GetUtcNow();
        await using var steps = new SqlSteps(connection);
        OdooIdentity.Write(steps, tables, place, now);
        OdooIdentity.Silence(steps, tables, CopyOf.Template, now);
        OdooPeople.WriteCompany(steps, tables, rows, place);
        OdooPeople.WriteAdministrator(steps, tables, rows, place, administratorHash);
        OdooDefaults.Write(steps, tables, rows, contents, place);
        await steps.RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return contents;
    }

    /// <inheritdoc/>
    // One transaction: a database is either the other tenant's or this one's, whatever ends us in between.
    public async Task<bool> AdoptAsync(
        NpgsqlConnection connection, TenantDescriptor place, string administratorHash, string userHash, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(place);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tables = await OdooTables.ReadAsync(connection, place.Database, cancellationToken);
        if (await OdooIdentity.FindTenantAsync(connection, cancellationToken) == OdooIdentity.TenantValue(place))
        {
            return false;
        }

        await using var steps = new SqlSteps(connection);
        await OdooAdoption.AddAsync(steps, connection, tables, place, administratorHash, userHash, time.GetUtcNow(), cancellationToken);
        await steps.RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <inheritdoc/>
    public async Task<bool> SetAddressAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(place);
        await using var command = new NpgsqlCommand(AddressSql, connection)
        {
            Parameters = { new() { Value = place.BaseUrl }, new() { Value = OdooIdentity.Timestamp(time.GetUtcNow()) } },
        };
        var isChanged = await command.ExecuteNonQueryAsync(cancellationToken) > 0;

        // Also when nothing was changed: whoever changed it may have died before it said so.
        await OdooSignals.ForgetCachesAsync(connection, cancellationToken);
        return isChanged;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> FindFaultsAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken) =>
        OdooFaults.FindAsync(connection, place, cancellationToken);

    /// <inheritdoc/>
    public async Task PrepareRestoredAsync(NpgsqlConnection connection, bool hasFiles, bool keepsQueue, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await OdooTables.FindAsync(connection, cancellationToken) is not { } tables)
        {
            return;
        }

        await using (var steps = new SqlSteps(connection))
        {
            if (!keepsQueue)
            {
                OdooLeftovers.CancelQueue(steps, tables);
            }

            if (!hasFiles && tables.Has("ir_attachment", "url", "store_fname"))
            {
                steps.Add(CompiledAssets.ForgetSql);
            }

            await steps.RunAsync(cancellationToken);
        }

        await OdooSignals.BeginAnewAsync(connection, cancellationToken);
    }

    /// <inheritdoc/>
    public Task NeutraliseAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => OdooNeutral.MakeAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public Task<StagingReport> StageAsync(NpgsqlConnection connection, StagingInput input, CancellationToken cancellationToken) =>
        OdooStaging.MakeAsync(connection, input, time.GetUtcNow(), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> IsTenantsAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken) =>
        OdooStaging.IsTenantsAsync(connection, place, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> FindLoudAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => OdooNeutral.FindLoudAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public Task<SupportLockout> LockOutSupportAsync(NpgsqlConnection connection, SupportAccount account, CancellationToken cancellationToken) =>
        OdooSupportLockout.RunAsync(connection, account, cancellationToken);

    /// <inheritdoc/>
    public Task ForgetLoadedAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => OdooSignals.BeginAnewAsync(connection, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> FindUnreadyModulesAsync(NpgsqlConnection connection, IReadOnlyList<string> modules, CancellationToken cancellationToken) =>
        OdooModules.FindUnreadyAsync(connection, modules, cancellationToken);

    /// <inheritdoc/>
    public async Task CleanTemplateAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await OdooTables.FindAsync(connection, cancellationToken) is not { } tables)
        {
            return;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var steps = new SqlSteps(connection);
        OdooLeftovers.Clear(steps, tables, CopyOf.Template);
        OdooSecrets.Clear(steps, tables);
        await steps.RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> FindUncleanAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return await OdooTables.FindAsync(connection, cancellationToken) is { } tables
            ? await OdooCleanliness.FindAsync(connection, tables, cancellationToken)
            : [];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> FindMissingPartsAsync(NpgsqlConnection connection, CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        return OdooParts.FindMissingAsync(connection, order, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<TemplateContents?> FindContentsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return await OdooTables.FindAsync(connection, cancellationToken) is { } tables
            ? await OdooContents.ReadAsync(connection, tables, cancellationToken)
            : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<NamedFile>> ListFilesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await OdooTables.FindAsync(connection, cancellationToken) is not { } tables || !tables.Has("ir_attachment", "store_fname", "file_size"))
        {
            return [];
        }

        await using var command = new NpgsqlCommand(FilesSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var files = new List<NamedFile>();
        while (await reader.ReadAsync(cancellationToken))
        {
            files.Add(new NamedFile(reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetInt64(1)));
        }

        return files;
    }
}
