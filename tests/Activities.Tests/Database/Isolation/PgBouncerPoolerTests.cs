using Bibind.Activities.Database.Isolation;
using Bibind.Activities.Locks;
using Bibind.Activities.Tests.Fixtures;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database.Isolation;

/// <summary>Entries of a real PgBouncer.</summary>
public sealed class PgBouncerPoolerTests : IAsyncLifetime
{
    private World _world = null!;
    private PgBouncerServer _server = null!;
    private TestDatabase _control = null!;
    private NpgsqlDataSource _source = null!;
    private NamedLocks _locks = null!;
    private PgBouncerOptions _options = null!;

    private ServerConnection Server => _world.Server.Connection;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _server = await PgBouncerServer.StartAsync(_world.Postgres, [_world.Server.Connection.ApplicationRole], []);
        _control = await TestDatabase.CreateAsync();
        _source = _control.OpenDataSource();
        _locks = new NamedLocks(_source);
        _options = new PgBouncerOptions
        {
            Server = "srv-1",
            DatabasesFile = _server.DatabasesFile,
            Port = _server.Port,
            AdminUser = PgBouncerServer.AdminUser,
            AdminPassword = _server.AdminPassword,
            TemplatePassword = "unused",
        };
    }

    public async ValueTask DisposeAsync()
    {
        _locks.Dispose();
        await _control.DisposeAsync();
        await _server.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Application_enters_a_published_database_as_the_tenants_role_until_it_is_withdrawn()
    {
        var (database, role) = await MakeDatabaseAsync("p'ass");
        await Pooler().PublishAsync(Server, new PooledDatabase(database, role, "p'ass"), TestContext.Current.CancellationToken);

        Assert.Equal(role, await WhoAsync(database));
        await Pooler().WithdrawAsync(Server, database, role, TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => WhoAsync(database));
        Assert.Contains("no such database", refused.MessageText, StringComparison.Ordinal);
        Assert.DoesNotContain(database, await File.ReadAllTextAsync(_server.DatabasesFile, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publishing_again_after_a_death_before_the_reload_takes_effect()
    {
        var (database, role) = await MakeDatabaseAsync("secret");
        var file = await PgBouncerFile.ReadAsync(_server.DatabasesFile, TestContext.Current.CancellationToken);
        file.Write(file.With(new PooledDatabase(database, role, "secret"), Server.DatabaseHost, Server.DatabasePort));
        Assert.DoesNotContain(database, (await Pooler().ListAsync(Server, TestContext.Current.CancellationToken)).Keys);

        await Pooler().PublishAsync(Server, new PooledDatabase(database, role, "secret"), TestContext.Current.CancellationToken);
        Assert.Equal(role, await WhoAsync(database));
    }

    [Fact]
    public async Task A_session_of_one_tenant_survives_the_coming_and_going_of_others()
    {
        var (database, role) = await MakeDatabaseAsync("secret");
        await Pooler().PublishAsync(Server, new PooledDatabase(database, role, "secret"), TestContext.Current.CancellationToken);
        await using var session = await OpenAsync(database);
        var pid = await AskAsync<int>(session, "select pg_backend_pid()");

        await Parallel.ForEachAsync(Enumerable.Range(1, 8), async (i, cancellation) =>
        {
            await Pooler().PublishAsync(Server, new PooledDatabase($"{database}-{i}", role, "secret"), cancellation);
            if (i % 2 == 0)
            {
                await Pooler().WithdrawAsync(Server, $"{database}-{i}", role, cancellation);
            }
        });

        Assert.Equal(pid, await AskAsync<int>(session, "select pg_backend_pid()"));
        var served = (await Pooler().ListAsync(Server, TestContext.Current.CancellationToken)).Keys.Where(n => n.StartsWith($"{database}-", StringComparison.Ordinal));
        Assert.Equal([$"{database}-1", $"{database}-3", $"{database}-5", $"{database}-7"], served.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_entry_that_leads_to_another_role_is_neither_replaced_nor_removed()
    {
        var (database, role) = await MakeDatabaseAsync("secret");
        await Pooler().PublishAsync(Server, new PooledDatabase(database, role, "secret"), TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<PermanentFailureException>(() => Pooler().PublishAsync(Server, new PooledDatabase(database, "t_other_1", "secret"), TestContext.Current.CancellationToken));
        await Pooler().WithdrawAsync(Server, database, "t_other_1", TestContext.Current.CancellationToken);
        Assert.Equal(role, await WhoAsync(database));
    }

    [Theory]
    [InlineData("pgbouncer")]
    [InlineData("postgres")]
    [InlineData("a b")]
    [InlineData("a\nb = host=evil")]
    [InlineData("*")]
    [InlineData("a=b")]
    public async Task A_name_that_could_change_the_file_is_refused(string name)
    {
        var before = await File.ReadAllTextAsync(_server.DatabasesFile, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<PermanentFailureException>(() => Pooler().PublishAsync(Server, new PooledDatabase(name, "t_x_1", "secret"), TestContext.Current.CancellationToken));
        Assert.Equal(before, await File.ReadAllTextAsync(_server.DatabasesFile, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_pooler_that_does_not_answer_is_tried_again_and_the_entry_is_kept()
    {
        var (database, role) = await MakeDatabaseAsync("secret");
        _options.Port = Bibind.Local.FreePorts.Next();

        var away = await Assert.ThrowsAsync<TransientFailureException>(() => Pooler().PublishAsync(Server, new PooledDatabase(database, role, "secret"), TestContext.Current.CancellationToken));
        Assert.DoesNotContain(_server.AdminPassword, away.Message, StringComparison.Ordinal);
        _options.Port = _server.Port;
        await Pooler().PublishAsync(Server, new PooledDatabase(database, role, "secret"), TestContext.Current.CancellationToken);
        Assert.Equal(role, await WhoAsync(database));
    }

    [Fact]
    public async Task The_file_of_passwords_stays_closed_to_others()
    {
        var (database, role) = await MakeDatabaseAsync("secret");
        await Pooler().PublishAsync(Server, new PooledDatabase(database, role, "secret"), TestContext.Current.CancellationToken);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(_server.DatabasesFile).UnixFileMode);
    }

    private PgBouncerPooler Pooler()
    {
        var options = new TenantIsolationOptions();
        options.PgBouncer.Add(_options);
        return new PgBouncerPooler(Options.Create(options), _locks, NullLogger<PgBouncerPooler>.Instance);
    }

    private async Task<(string Database, string Role)> MakeDatabaseAsync(string password)
    {
        var place = World.NewPlace();
        var role = TenantRoles.NameOf(place);
        await _world.ExecuteAsync($"create role {role} login password '{ScramVerifier.Of(password)}'");
        await _world.ExecuteAsync($"create database \"{place.Database}\" owner {role}");
        return (place.Database, role);
    }

    private async Task<string?> WhoAsync(string database)
    {
        await using var connection = await OpenAsync(database);
        return await AskAsync<string>(connection, "select session_user::text");
    }

    private async Task<NpgsqlConnection> OpenAsync(string database)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_world.Postgres.ConnectionString(database, Server.ApplicationRole))
        {
            Port = _server.Port,
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    private static async Task<T?> AskAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
