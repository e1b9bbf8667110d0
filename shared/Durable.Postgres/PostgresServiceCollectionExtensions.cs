using Bibind.Durable.Worker;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>Composition of the durable runtime on PostgreSQL.</summary>
public static class PostgresServiceCollectionExtensions
{
    /// <summary>
    /// Adds the task hub in a PostgreSQL database, its <see cref="Microsoft.DurableTask.Client.DurableTaskClient"/> and a pump. Where
    /// processes live on, <see cref="DurableServiceCollectionExtensions.AddDurableTaskWorker"/> adds the worker.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="connectionString">The database; the worker makes the schema <c>durable</c> in it.</param>
    /// <param name="register">Adds the orchestrators and activities that run here.</param>
    /// <param name="configure">Limits, leases and versions of the worker.</param>
    public static IServiceCollection AddPostgresDurableTask(
        this IServiceCollection services, string connectionString, Action<TaskRegistry> register, Action<TaskHubWorkerOptions>? configure = null) =>
        services.AddDurableTask(_ => new PostgresTaskHub(connectionString), register, configure);

    /// <inheritdoc cref="AddPostgresDurableTask(IServiceCollection, string, Action{TaskRegistry}, Action{TaskHubWorkerOptions}?)"/>
    /// <param name="services">The container.</param>
    /// <param name="dataSource">The pool of connections, best one from <see cref="PostgresTaskHub.CreateDataSource"/>.</param>
    /// <param name="register">Adds the orchestrators and activities that run here.</param>
    /// <param name="configure">Limits, leases and versions of the worker.</param>
    /// <param name="handedIn">Called whenever the client hands work in.</param>
    public static IServiceCollection AddPostgresDurableTask(
        this IServiceCollection services,
        Func<IServiceProvider, NpgsqlDataSource> dataSource,
        Action<TaskRegistry> register,
        Action<TaskHubWorkerOptions>? configure = null,
        Action? handedIn = null) =>
        services.AddDurableTask(sp => new PostgresTaskHub(dataSource(sp)), register, configure, handedIn);
}
