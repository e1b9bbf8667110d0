using System.Net.WebSockets;
using System.Text;
using Bibind.Durable;
using Bibind.Local.RealServers;
using Xunit;

namespace Bibind.Activities.Tests.Routing;

public sealed class NginxRoutesTests : RouteProviderTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private NginxServer? _nginx;

    [Fact]
    public async Task A_private_key_is_for_its_owner_alone()
    {
        await using var world = await StartAsync();
        await world.Routes.PublishAsync(world.NewTenant(), None);

        var key = Assert.Single(Directory.GetFiles(_nginx!.Folder, "*.key"));

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(key));
        }
    }

    [Fact]
    public async Task A_web_socket_stays_open_while_other_tenants_come_and_go()
    {
        await using var world = await StartAsync();
        var (tenant, other) = (world.NewTenant(), world.NewTenant());
        await world.Routes.PublishAsync(tenant, None);
        using var socket = new ClientWebSocket();
        using var visitor = new HttpMessageInvoker(world.NewVisitor());
        await socket.ConnectAsync(new Uri($"wss://{tenant.Host}/websocket"), visitor, None);
        await EchoesAsync(socket, $"{tenant.Host} {tenant.Host} https /websocket");

        await world.Routes.PublishAsync(other, None);
        await world.Routes.WithdrawAsync(other, None);

        await socket.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, true, None);
        await EchoesAsync(socket, "still here");
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, None);

        static async Task EchoesAsync(ClientWebSocket socket, string expected)
        {
            var buffer = new byte[1024];
            var received = await socket.ReceiveAsync(buffer, None);
            Assert.Equal(expected, Encoding.UTF8.GetString(buffer, 0, received.Count));
        }
    }

    [Fact]
    public async Task A_new_certificate_takes_the_place_of_the_old()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await world.Routes.PublishAsync(tenant, None);
        world.Certificates[tenant.Host] = world.Authority.Issue(tenant.Host);

        await world.Routes.PublishAsync(tenant, None);

        Assert.Single(Directory.GetFiles(_nginx!.Folder, "*.key"));
        Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
    }

    [Fact]
    public async Task A_configuration_that_others_have_broken_is_worth_another_attempt_and_nothing_of_ours_stays()
    {
        await using var world = await StartAsync();
        var (before, tenant) = (world.NewTenant(), world.NewTenant());
        await world.Routes.PublishAsync(before, None);
        var broken = Path.Combine(_nginx!.Folder, "theirs.conf");
        await File.WriteAllTextAsync(broken, "nonsense;");

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Routes.PublishAsync(tenant, None));

        Assert.Contains("not by this tenant's route", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFiles(_nginx.Folder), f => f.Contains(tenant.Host, StringComparison.Ordinal));
        Assert.Equal(200, (await world.GetSecureAsync(before.Host)).Status);
        File.Delete(broken);
        await world.Routes.PublishAsync(tenant, None);
    }

    [Fact]
    public async Task A_route_that_nginx_refuses_is_taken_back_and_the_one_before_goes_on()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await world.Routes.PublishAsync(tenant, None);
        var before = await ReadConfigurationAsync();
        world.Server.Connection = world.Server.Connection with { Url = new Uri("http://no-such-server.invalid:8069") };

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => world.Routes.PublishAsync(tenant, None));

        Assert.Contains("goes on as before", failed.Message, StringComparison.Ordinal);
        Assert.Equal(before, await ReadConfigurationAsync());
        Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
    }

    [Fact]
    public async Task An_nginx_that_does_not_run_is_worth_another_attempt()
    {
        await using var world = await StartAsync();
        var configuration = Path.Combine(Path.GetDirectoryName(_nginx!.Configuration)!, "idle.conf");
        await File.WriteAllTextAsync(configuration, (await File.ReadAllTextAsync(_nginx.Configuration)).Replace("nginx.pid", "idle.pid", StringComparison.Ordinal));
        var routes = world.NewHost(("Routing:Nginx:Configuration", configuration));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => routes.PublishAsync(world.NewTenant(), None));

        Assert.Contains("did not take the signal", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_nginx_names_the_setting()
    {
        await using var world = await StartAsync();
        var routes = world.NewHost(("Routing:Nginx:Program", "/nowhere/nginx"));

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => routes.PublishAsync(world.NewTenant(), None));

        Assert.Contains("Routing__Nginx__Program", refused.Message, StringComparison.Ordinal);
    }

    internal override async Task<RoutesWorld> StartAsync()
    {
        var nginx = _nginx = await NginxServer.StartAsync();
        return await RoutesWorld.StartAsync(
            nginx,
            new Uri($"http://127.0.0.1:{nginx.HttpPort}"),
            new Uri($"https://127.0.0.1:{nginx.HttpsPort}"),
            ("Routing:Provider", "nginx"),
            ("Routing:Nginx:Folder", nginx.Folder),
            ("Routing:Nginx:Program", NginxServer.Program),
            ("Routing:Nginx:Configuration", nginx.Configuration),
            ("Routing:Nginx:HttpListen", $"127.0.0.1:{nginx.HttpPort}"),
            ("Routing:Nginx:HttpsListen", $"127.0.0.1:{nginx.HttpsPort}"));
    }

    internal override async Task<string> ReadConfigurationAsync()
    {
        var all = new StringBuilder();
        foreach (var file in Directory.GetFiles(_nginx!.Folder).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            all.AppendLine(file).AppendLine(await File.ReadAllTextAsync(file));
        }

        return all.ToString();
    }
}
