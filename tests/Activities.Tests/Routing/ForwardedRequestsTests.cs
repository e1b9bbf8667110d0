using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Bibind.Activities.Routing;
using Bibind.Contracts;
using Bibind.Local.RealServers;
using Xunit;

namespace Bibind.Activities.Tests.Routing;

/// <summary>What the application is told of a request, whatever the proxy, and which requests reach it.</summary>
public abstract class ForwardedRequestsTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task What_a_visitor_says_of_itself_in_forwarded_headers_does_not_reach_the_application()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await world.Routes.PublishAsync(tenant, None);
        using var client = new HttpClient(world.NewVisitor());
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{tenant.Host}/web?caller");
        request.Headers.Add("X-Forwarded-Host", "other.example.com");
        request.Headers.Add("X-Forwarded-Proto", "http");
        request.Headers.Add("X-Forwarded-For", "203.0.113.7");

        using var answer = await client.SendAsync(request);

        Assert.Equal($"{tenant.Host} {tenant.Host} https /web 127.0.0.1", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_request_line_and_a_header_that_name_two_hosts_do_not_lead_to_the_second()
    {
        await using var world = await StartAsync();
        var (tenant, suspended) = (world.NewTenant(plain: true), world.NewTenant(plain: true));
        await world.Routes.PublishAsync(tenant, None);
        await world.Routes.SuspendAsync(suspended, RoutePage.Suspended, None);

        using var client = new TcpClient();
        await client.ConnectAsync(world.Http.Host, world.Http.Port);
        await client.Client.SendAsync(Encoding.ASCII.GetBytes($"GET http://{tenant.Host}/web HTTP/1.1\r\nHost: {suspended.Host}\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(client.GetStream());
        var answer = await reader.ReadToEndAsync();

        Assert.DoesNotContain(suspended.Host, answer, StringComparison.Ordinal);
        Assert.Contains($"{tenant.Host} {tenant.Host} http /web", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Websockets_reach_the_application_by_either_name_and_at_its_port_for_them(bool byCustomersName, bool atAPortOfTheirOwn)
    {
        await using var world = await StartAsync();
        await using var gevent = await ApplicationStub.StartAsync();
        var routes = atAPortOfTheirOwn ? world.NewHost(("Routing:WebsocketPort", $"{gevent.Url.Port}")) : world.Routes;
        var tenant = world.NewTenant();
        var place = byCustomersName ? CustomersName(world, tenant) : tenant;
        await routes.PublishAsync(place, None);
        if (atAPortOfTheirOwn)
        {
            // Everything else goes where it went: nobody is there any more.
            await world.Application.DisposeAsync();
        }

        foreach (var path in new[] { "/websocket", "/websocket/more" })
        {
            using var socket = new ClientWebSocket();
            using var visitor = new HttpMessageInvoker(world.NewVisitor());
            await socket.ConnectAsync(new Uri($"wss://{place.Host}{path}"), visitor, None);
            Assert.Equal($"{tenant.Host} {tenant.Host} https {path}", await ReceiveAsync(socket));
            await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, None);
            Assert.Equal("hello", await ReceiveAsync(socket));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, None);
        }

        var status = (await world.GetSecureAsync(place.Host, "/websockets")).Status;
        Assert.Equal(atAPortOfTheirOwn ? 502 : 200, status);
    }

    [Fact]
    public async Task A_suspended_tenant_takes_no_websockets()
    {
        await using var world = await StartAsync();
        var routes = world.NewHost(("Routing:WebsocketPort", $"{world.Application.Url.Port}"));
        var tenant = world.NewTenant();
        await routes.PublishAsync(tenant, None);

        await routes.SuspendAsync(tenant, RoutePage.Suspended, None);

        using var socket = new ClientWebSocket { Options = { CollectHttpResponseDetails = true } };
        using var visitor = new HttpMessageInvoker(world.NewVisitor());
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"wss://{tenant.Host}/websocket"), visitor, None));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, socket.HttpStatusCode);
    }

    [Fact]
    public async Task A_body_up_to_the_limit_passes_whole_and_a_larger_one_is_refused_with_413()
    {
        const int Limit = 3 * 1024 * 1024;
        await using var world = await StartAsync();
        var routes = world.NewHost(("Routing:LargestBody", $"{Limit}"));
        var tenant = world.NewTenant();
        await routes.PublishAsync(tenant, None);
        using var client = new HttpClient(world.NewVisitor());

        var largest = await PostAsync(client, tenant, Limit, chunked: false);
        var inChunks = await PostAsync(client, tenant, Limit, chunked: true);
        var tooLarge = await PostAsync(client, tenant, Limit + 1, chunked: false);
        var tooLargeInChunks = await PostAsync(client, tenant, 2 * Limit, chunked: true);

        Assert.Equal((HttpStatusCode.OK, $"{Limit} bytes"), largest);
        Assert.Equal((HttpStatusCode.OK, $"{Limit} bytes"), inChunks);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.Status);

        // Caddy 2.6 knows no better word for it.
        Assert.Contains(tooLargeInChunks.Status, new[] { HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.BadGateway });
    }

    [Theory]
    [InlineData("/web/database/manager")]
    [InlineData("/web/database/list")]
    [InlineData("/web/database")]
    [InlineData("/WEB/DataBase/selector")]
    [InlineData("/web/%64atabase/manager")]
    [InlineData("/web%2Fdatabase%2fmanager")]
    [InlineData("//web//database//manager")]
    [InlineData("/web/./database/x/../manager")]
    [InlineData("/web/login/../database/manager?x=/web/login")]
    [InlineData("/fr/web/database/manager")]
    [InlineData("/any-name%21/web/database/drop")]
    [InlineData("/xmlrpc/db")]
    [InlineData("/xmlrpc/2/db")]
    [InlineData("/xmlrpc/2/%64%62/")]
    [InlineData("/fr_FR/xmlrpc/2/db")]
    public async Task The_management_of_databases_never_reaches_the_application_however_it_is_written(string target)
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant(plain: true);
        await world.Routes.PublishAsync(tenant, None);

        Assert.StartsWith("HTTP/1.1 404", await SendAsync(world, $"GET {target} HTTP/1.1", tenant.Host), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404", await SendAsync(world, $"POST {target} HTTP/1.1", tenant.Host), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404", await SendAsync(world, $"GET http://{tenant.Host}{target} HTTP/1.1", tenant.Host), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/web/login")]
    [InlineData("/web/databases")]
    [InlineData("/shop/page/web/database")]
    [InlineData("/xmlrpc/2/common")]
    [InlineData("/xmlrpc/2/object")]
    [InlineData("/xmlrpc/2/dbx")]
    [InlineData("/jsonrpc")]
    public async Task What_is_only_alike_goes_on_to_the_application(string target)
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant(plain: true);
        await world.Routes.PublishAsync(tenant, None);

        Assert.Contains($"{tenant.Host} {tenant.Host} http {target}", await SendAsync(world, $"GET {target} HTTP/1.1", tenant.Host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_real_Odoo_that_lists_databases_shows_them_to_no_visitor()
    {
        var odoo = await Testing.Servers.RealOdoo.GetAsync();
        await using var open = await Testing.Servers.RealOdoo.StartAnotherAsync(o => o with { ListDatabases = true, CronThreads = 0 });
        await using var database = await odoo.CloneAsync();
        await using var world = await StartAsync();
        world.Server.Connection = world.Server.Connection with { Url = open.Url };
        var tenant = world.NewTenant(plain: true) with { Host = $"{database.Name}.example.com", Database = database.Name };
        await world.Routes.PublishAsync(tenant, None);
        using var straight = OdooVisitor.Of(open.Url, tenant.Host);

        Assert.Contains("HTTP/1.1 200", await SendAsync(world, "GET /web/login HTTP/1.1", tenant.Host), StringComparison.Ordinal);
        foreach (var path in new[] { "web/database/manager", "en/web/database/manager" })
        {
            // Odoo itself would show them, in the second case because a language may stand before every path.
            var (status, shown) = await straight.GetAsync(path);
            Assert.True(status is HttpStatusCode.OK or HttpStatusCode.MovedPermanently or HttpStatusCode.SeeOther, $"{path}: {status} {shown}");
            Assert.StartsWith("HTTP/1.1 404", await SendAsync(world, $"GET /{path} HTTP/1.1", tenant.Host), StringComparison.Ordinal);
            Assert.StartsWith("HTTP/1.1 404", await SendAsync(world, $"GET /{path.Replace("data", "%64ata", StringComparison.Ordinal)} HTTP/1.1", tenant.Host), StringComparison.Ordinal);
        }
    }

    /// <summary>A world around a proxy of its own.</summary>
    internal abstract Task<RoutesWorld> StartAsync();

    private static TenantDescriptor CustomersName(RoutesWorld world, TenantDescriptor tenant)
    {
        var name = $"shop-{tenant.Code}.example.org";
        world.Certificates[name] = world.Authority.Issue(name);
        return tenant with { Host = name, ApplicationHost = tenant.Host };
    }

    // By hand: clients clean what they are told to ask for.
    private static async Task<string> SendAsync(RoutesWorld world, string line, string host)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(world.Http.Host, world.Http.Port);
        await client.Client.SendAsync(Encoding.ASCII.GetBytes($"{line}\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync();
    }

    private static async Task<(HttpStatusCode Status, string Body)> PostAsync(HttpClient client, TenantDescriptor tenant, int bytes, bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://{tenant.Host}/web/binary/upload") { Content = new ByteArrayContent(new byte[bytes]) };
        request.Headers.TransferEncodingChunked = chunked;

        // As browsers do not, it waits for the answer before it sends what would be refused.
        request.Headers.ExpectContinue = true;
        using var answer = await client.SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var buffer = new byte[1024];
        var message = await socket.ReceiveAsync(buffer, limit.Token);
        return Encoding.UTF8.GetString(buffer, 0, message.Count);
    }
}
