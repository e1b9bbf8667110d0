using Bibind.ControlPlane.Secrets;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Notices;

/// <summary>Where notices are posted to. Secrets are in the secret store, each version under its own name.</summary>
public sealed class WebhookEndpointStore(NpgsqlDataSource database, ISecretStore secrets, INotices notices, IOptions<NoticeOptions> options, TimeProvider time)
{
    private const string Select = "select * from control.webhook_endpoints where deleted_at is null";

    /// <summary>By page, the oldest first.</summary>
    public async Task<Page<WebhookEndpoint>> ListAsync(PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select count(*) from control.webhook_endpoints where deleted_at is null", null, cancellationToken));
        var items = await connection.QueryAsync<WebhookEndpoint>(Sql.Command($"{Select} order by id offset @Offset limit @Size", new { page.Offset, page.Size }, cancellationToken));
        return new Page<WebhookEndpoint>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>The endpoint, or null.</summary>
    public async Task<WebhookEndpoint?> FindAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<WebhookEndpoint>(Sql.Command($"{Select} and id = @id", new { id }, cancellationToken));
    }

    /// <summary>Adds one. The secret is stored before the row can be seen.</summary>
    public async Task<EndpointWithSecret> CreateAsync(EndpointFields fields, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fields);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var endpoint = await connection.QuerySingleAsync<WebhookEndpoint>(Sql.Command(
            """
            insert into control.webhook_endpoints (url, description, kinds, enabled, created_by, created_at)
            values (@Url, @Description, @Kinds, @Enabled, @who, @Now) returning *
            """,
            new { fields.Url, fields.Description, Kinds = fields.Kinds.ToArray(), fields.Enabled, who, Now = time.GetUtcNow() }, transaction, cancellationToken));
        var secret = WebhookSecrets.Make();
        await secrets.SetAsync(WebhookSecrets.NameOf(endpoint.Id, endpoint.SecretVersion), secret, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new EndpointWithSecret(endpoint, secret);
    }

    /// <summary>Changes one; null if it is not what it was any more.</summary>
    public async Task<WebhookEndpoint?> ChangeAsync(long id, int version, EndpointFields fields, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fields);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<WebhookEndpoint>(Sql.Command(
            """
            update control.webhook_endpoints set
              url = @Url, description = @Description, kinds = @Kinds, disabled_reason = case when @Enabled then null else disabled_reason end,
              enabled = @Enabled, version = version + 1
            where id = @id and version = @version and deleted_at is null returning *
            """,
            new { id, version, fields.Url, fields.Description, Kinds = fields.Kinds.ToArray(), fields.Enabled }, cancellationToken));
    }

    /// <summary>Takes one away with its secrets; what was on its way to it is given up at its next attempt. False if there is none.</summary>
    public async Task<bool> DeleteAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var deleted = await connection.ExecuteAsync(Sql.Command(
            "update control.webhook_endpoints set deleted_at = @Now, enabled = false, version = version + 1 where id = @id and deleted_at is null",
            new { id, Now = time.GetUtcNow() }, cancellationToken)) > 0;

        // Also when it is deleted again: the call before may have died here.
        await secrets.DeleteAsync(WebhookSecrets.PrefixOf(id), cancellationToken);
        return deleted;
    }

    /// <summary>Gives it a new secret; the former one signs beside it for a while. Null if there is no such endpoint.</summary>
    public async Task<EndpointWithSecret?> RotateAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var before = await connection.QuerySingleOrDefaultAsync<WebhookEndpoint>(Sql.Command(
            $"{Select} and id = @id for update", new { id }, transaction, cancellationToken));
        if (before is null)
        {
            return null;
        }

        var secret = WebhookSecrets.Make();
        await secrets.SetAsync(WebhookSecrets.NameOf(id, before.SecretVersion + 1), secret, cancellationToken);
        var endpoint = await connection.QuerySingleAsync<WebhookEndpoint>(Sql.Command(
            """
            update control.webhook_endpoints set secret_version = secret_version + 1, previous_secret_until = @Until, version = version + 1
            where id = @id returning *
            """,
            new { id, Until = time.GetUtcNow() + options.Value.SecretOverlap }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        if (before.SecretVersion > 1)
        {
            await secrets.DeleteAsync(WebhookSecrets.NameOf(id, before.SecretVersion - 1), cancellationToken);
        }

        return new EndpointWithSecret(endpoint, secret);
    }

    /// <summary>The secrets that sign now, the newest first.</summary>
    public async Task<IReadOnlyList<string>> SecretsOfAsync(long id, int version, DateTimeOffset? previousUntil, CancellationToken cancellationToken)
    {
        List<string> found = [];
        if (await secrets.FindAsync(WebhookSecrets.NameOf(id, version), cancellationToken) is { } current)
        {
            found.Add(current);
        }

        if (previousUntil > time.GetUtcNow() && await secrets.FindAsync(WebhookSecrets.NameOf(id, version - 1), cancellationToken) is { } previous)
        {
            found.Add(previous);
        }

        return found;
    }

    /// <summary>Posts a notice to this endpoint alone, to try it out; answers the notice's id, or null if there is no such endpoint.</summary>
    public async Task<long?> TestAsync(long id, string who, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.webhook_endpoints where id = @id and deleted_at is null)", new { id }, transaction, cancellationToken)))
        {
            return null;
        }

        var notice = new Notice(NoticeKinds.Test, Guid.NewGuid().ToString()) { Data = new Dictionary<string, string> { ["requestedBy"] = who } };
        var raised = (await notices.RaiseAsync(connection, transaction, notice, cancellationToken))!.Value;
        await connection.ExecuteAsync(Sql.Command(
            "insert into control.notice_deliveries (notice_id, channel, endpoint_id, next_attempt_at, give_up_at) values (@raised, 'webhook', @id, @now, @giveUp)",
            new { raised, id, now, giveUp = now + options.Value.GiveUpAfter }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return raised;
    }
}
