using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Statements that go to the server together: one round trip, whatever their number.</summary>
internal sealed class SqlSteps(NpgsqlConnection connection) : IAsyncDisposable
{
    private readonly NpgsqlBatch _batch = new(connection);

    public void Add(string sql, params object?[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter ?? DBNull.Value });
        }

        _batch.BatchCommands.Add(command);
    }

    public Task RunAsync(CancellationToken cancellationToken) => _batch.ExecuteNonQueryAsync(cancellationToken);

    /// <summary>The statements that ran, each with the rows that it changed.</summary>
    public IEnumerable<(string Sql, long Rows)> Ran =>
        ((IList<NpgsqlBatchCommand>)_batch.BatchCommands).Select(c => (c.CommandText, (long)c.RecordsAffected));

    public ValueTask DisposeAsync() => _batch.DisposeAsync();
}
