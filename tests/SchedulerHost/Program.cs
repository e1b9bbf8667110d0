using System.Globalization;
using Bibind.SchedulerHost;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// A host of Durable Task's gRPC protocol as a process of its own: the framework's in-memory hub, one for each task hub that callers name,
// behind a delivery that drops its streams (BIBIND_DROP_AFTER) and hands out work twice (BIBIND_DUPLICATE_EVERY). It ends with its parent,
// whose end closes its standard input.
var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.ClearProviders().AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
builder.Services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = null);
builder.Services.AddSingleton(new Faults(Number("BIBIND_DROP_AFTER"), Number("BIBIND_DUPLICATE_EVERY"))).AddSingleton<TaskHubs>();
await using var app = builder.Build();
app.MapGrpcService<HubRouter>();
await app.StartAsync();
Console.WriteLine("ready");
while (await Console.In.ReadLineAsync() is not null)
{
}

return;

static int Number(string variable) =>
    int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
