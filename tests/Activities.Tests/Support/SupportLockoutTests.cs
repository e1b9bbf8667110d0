using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Credentials;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Support;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Support;

/// <summary>An operator's account in a tenant's database whose people do with it whatever they like.</summary>
public sealed class SupportLockoutTests
{
    private const string Login = "support-abcdefghjk@acme.example.com";
    private const string Password = "password-of-the-operator";
    private static readonly string Hash = PasslibPbkdf2Sha512.Hash(Password, 1000);

    [Fact]
    public async Task Everything_by_which_somebody_signs_in_is_gone_and_nobody_else_is_touched()
    {
        await using var tenant = await Tenant.CreateAsync();
        await tenant.RunAsync(
            """
            insert into res_users_apikeys (name, user_id, scope, index, key) values ('mine', {id}, 'rpc', 'aaaaaaaa', 'x'), ('theirs', 2, 'rpc', 'bbbbbbbb', 'y');
            insert into auth_totp_device (name, user_id, index, key) values ('phone', {id}, 'cccccccc', 'z');
            insert into auth_passkey_key (name, credential_identifier, public_key, create_uid) values ('passkey', 'p', 'k', {id});
            insert into res_device_log (user_id, session_identifier) values ({id}, 's');
            insert into res_groups_users_rel (gid, uid) values (5, {id}) on conflict do nothing;
            """);
        var others = await tenant.OthersAsync();

        var lockout = await tenant.LockOutAsync();

        Assert.True(lockout.WasThere);
        await tenant.AssertLockedOutAsync();
        Assert.Equal(others, await tenant.OthersAsync());
        Assert.Equal(1, await tenant.AskAsync<long>("select count(*) from res_users_apikeys where user_id = 2"));
        Assert.Equal(0, await tenant.AskAsync<long>("select count(*) from res_partner where name like 'Support (%' and active"));
        Assert.Contains(lockout.Left, left => left.Contains("'mine'", StringComparison.Ordinal));

        // Again the same.
        Assert.True((await tenant.LockOutAsync()).WasThere);
        await tenant.AssertLockedOutAsync();
    }

    [Theory]
    [InlineData("update res_users set login = 'boss@acme.example.com', password = 'something else' where id = {id}")]
    [InlineData("update res_users set create_date = '2020-01-01' where id = {id}")]
    [InlineData("update res_users set active = false where id = {id}; insert into res_users_apikeys (name, user_id, scope, index, key) values ('door', {id}, 'rpc', 'aaaaaaaa', 'x')")]
    [InlineData("update res_users set partner_id = 4 where id = {id}")]
    [InlineData("update res_users set login = 'old' where id = {id}; insert into res_users (company_id, partner_id, login, notification_type, password) values (1, 4, '" + Login + "', 'email', 'x')")]
    [InlineData("create function back() returns trigger language plpgsql as 'begin new.active := true; new.password := old.password; return new; end'; create trigger back before update on res_users for each row execute function back()")]
    [InlineData("create rule never as on update to res_users do instead nothing")]
    [InlineData("create rule kept as on delete to res_users_apikeys do instead nothing; insert into res_users_apikeys (name, user_id, scope, index, key) values ('door', {id}, 'rpc', 'aaaaaaaa', 'x')")]
    public async Task What_the_tenants_people_did_to_it_keeps_it_from_nothing(string deed)
    {
        await using var tenant = await Tenant.CreateAsync();
        await tenant.RunAsync(deed);
        var others = await tenant.OthersAsync();

        await tenant.LockOutAsync();

        await tenant.AssertLockedOutAsync();
        Assert.Equal(others, await tenant.OthersAsync());
    }

    [Fact]
    public async Task Somebody_else_who_has_its_number_in_a_database_of_another_time_is_left_alone()
    {
        await using var tenant = await Tenant.CreateAsync();
        await tenant.RunAsync("update res_users set login = 'bob', password = 'of bob', create_date = '2020-01-01' where id = {id}");

        var lockout = await tenant.LockOutAsync();

        Assert.Equal(new SupportLockout(false, []).WasThere, lockout.WasThere);
        Assert.Equal(1, await tenant.AskAsync<long>("select count(*) from res_users where id = {id} and login = 'bob' and password = 'of bob' and active"));
    }

    [Fact]
    public async Task A_user_who_was_given_its_password_loses_it_and_is_named()
    {
        await using var tenant = await Tenant.CreateAsync();
        await tenant.RunAsync("insert into res_users (company_id, partner_id, login, notification_type, password) select 1, 4, 'copy', 'email', password from res_users where id = {id}");

        var lockout = await tenant.LockOutAsync();

        Assert.Contains(lockout.Left, left => left.StartsWith("user 'copy' had the account's password", StringComparison.Ordinal));
        Assert.Equal(1, await tenant.AskAsync<long>("select count(*) from res_users where login = 'copy' and password is null"));
        await tenant.AssertLockedOutAsync();
    }

    [Fact]
    public async Task The_doors_that_its_user_left_open_are_named()
    {
        await using var tenant = await Tenant.CreateAsync();
        await tenant.RunAsync(
            """
            insert into res_users (company_id, partner_id, login, notification_type, create_uid, write_uid) values (1, 4, 'backdoor', 'email', {id}, {id});
            insert into res_users_apikeys (name, user_id, scope, index, key) select 'for later', id, 'rpc', 'aaaaaaaa', 'x' from res_users where login = 'backdoor';
            update res_users set write_uid = {id} where id = 2;
            insert into ir_act_server (type, name, state, create_uid) values ('ir.actions.server', '{"en_US": "x"}', 'code', {id});
            """);

        var left = (await tenant.LockOutAsync()).Left;

        Assert.Contains("made user 'backdoor'", left);
        Assert.Contains("changed user 'admin'", left);
        Assert.Contains("user 'backdoor', whom it made, has API key 'for later'", left);
        Assert.Contains("made or changed 1 rows of ir_act_server", left);
    }

    [Fact]
    public async Task An_account_that_is_gone_and_one_that_was_never_remembered_are_no_obstacle()
    {
        await using var tenant = await Tenant.CreateAsync();
        await tenant.RunAsync("insert into res_users (company_id, partner_id, login, notification_type, active) values (1, 4, 'support-half', 'email', true)");
        Assert.True((await tenant.LockOutAsync(new SupportAccount("support-half", null, null))).WasThere);
        Assert.Equal(0, await tenant.AskAsync<long>("select count(*) from res_users where login = 'support-half' or (login like 'support-ended-%' and active)"));

        await tenant.RunAsync("delete from res_groups_users_rel where uid = {id}; delete from res_users where id = {id}");
        Assert.False((await tenant.LockOutAsync()).WasThere);
    }

    [Fact]
    public async Task A_database_that_is_brought_back_has_no_usable_account()
    {
        await using var tenant = await Tenant.CreateAsync();
        ((MemorySupport)tenant.World.Get<ISupportAccounts>()).Accounts[tenant.Place.TenantId] = [tenant.Account with { Password = null, Hash = null }];
        await using var connection = await tenant.World.OpenAsync(tenant.Place.Database, Bibind.Local.LocalServer.ApplicationRole);

        await tenant.World.Get<SupportCleaning>().RunAsync(connection, World.NewPlace(), tenant.Place.TenantId, CancellationToken.None);

        await tenant.AssertLockedOutAsync();
    }

    private sealed class Tenant : IAsyncDisposable
    {
        private Tenant(World world, TenantDescriptor place, SupportAccount account) => (World, Place, Account) = (world, place, account);

        public World World { get; }

        public TenantDescriptor Place { get; }

        public SupportAccount Account { get; }

        public static async Task<Tenant> CreateAsync()
        {
            var world = await World.CreateAsync();
            var place = await world.CloneAsync();
            await world.RunAsync<ConfigureApplication>(place);
            await world.RunAsync<HandOverApplication>(place);
            await world.ExecuteAsync(
                $"""
                with partner as (insert into res_partner (name, active) values ('Support (olga)', true) returning id)
                insert into res_users (company_id, partner_id, login, notification_type, active, share) select 1, id, '{Login}', 'email', true, false from partner
                """,
                place.Database);
            await using var connection = await world.OpenAsync(place.Database, Bibind.Local.LocalServer.ApplicationRole);
            var user = (await OdooSupportRows.FindAsync(connection, Login, isRecorded: false, CancellationToken.None))!;
            await OdooSupportRows.FinishAsync(connection, user, Login, SupportLevels.Administrator, Hash, CancellationToken.None);
            return new Tenant(world, place, new SupportAccount(Login, user.Id, user.Mark) { Password = Password, Hash = Hash });
        }

        public async Task<SupportLockout> LockOutAsync(SupportAccount? account = null)
        {
            await using var connection = await World.OpenAsync(Place.Database, Bibind.Local.LocalServer.ApplicationRole);
            return await World.Get<ApplicationProviders>().Of(Applications.Odoo).LockOutSupportAsync(connection, account ?? Account, CancellationToken.None);
        }

        // As the tenant's own role, which owns what it makes.
        public Task RunAsync(string sql) => World.ExecuteAsApplicationAsync(With(sql), Place.Database);

        public Task<T?> AskAsync<T>(string sql) => World.AskAsync<T>(With(sql), Place.Database);

        public async Task<string?> OthersAsync() => await AskAsync<string>(
            "select string_agg(concat_ws('|', id, login, password, active), ';' order by id) from res_users where id <> {id}");

        public async Task AssertLockedOutAsync()
        {
            Assert.Equal(1, await AskAsync<long>("select count(*) from res_users where id = {id} and not active and password is null and login like 'support-ended-%'"));
            foreach (var table in new[] { "res_users_apikeys where user_id", "auth_totp_device where user_id", "auth_passkey_key where create_uid", "res_device_log where user_id", "res_groups_users_rel where uid" })
            {
                Assert.Equal((table, 0), (table, await AskAsync<long>($"select count(*) from {table} = {{id}}")));
            }

            await using var connection = await World.OpenAsync(Place.Database);
            await using var look = new NpgsqlCommand("select password from res_users where password <> ''", connection);
            await using var reader = await look.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                Assert.NotEqual(Hash, reader.GetString(0));
            }
        }

        public ValueTask DisposeAsync() => World.DisposeAsync();

        private string With(string sql) => sql.Replace("{id}", Account.UserId!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
    }
}
