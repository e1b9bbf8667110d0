using System.Reflection;
using System.Text.Json.Nodes;
using Bibind.Functions.Hosting.Azure;
using Bibind.Functions.Hosts;
using Bibind.Functions.Settings;
using Bibind.Functions.Triggers;
using Bibind.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>What the isolated worker of Azure Functions tells its host: what is declared, and nothing else.</summary>
public sealed class AzureWorkerTests
{
    private static readonly FunctionDeclarations Declared = Declarations.For(HostKind.Azure);

    [Fact]
    public async Task The_host_is_told_of_every_declared_queue_and_timer_and_of_every_route()
    {
        var triggers = await TriggersAsync();
        await using var selfHosted = FunctionsHost.Build(FunctionsMetadataCommand.AnySettings);
        var routes = ((IEndpointRouteBuilder)selfHosted).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(m => $"{m} {(e.Metadata.GetMetadata<PartOfFunction>()?.Route ?? e.RoutePattern.RawText!).Trim('/')}"))
            .Distinct()
            // Of a process that lives on only.
            .Where(r => r != "GET metrics");

        Assert.Equal(
            routes.Order(),
            triggers.Values.Where(t => Is(t, "httpTrigger"))
                .SelectMany(t => t["methods"]!.AsArray().Select(m => $"{m!.GetValue<string>().ToUpperInvariant()} {t["route"]!.GetValue<string>()}")).Order());
        Assert.Equal(
            Declared.Queues.Select(q => $"{q.Name} {q.Queue}").Order(),
            triggers.Where(t => Is(t.Value, "queueTrigger")).Select(t => $"{t.Key} {t.Value["queueName"]!.GetValue<string>()}").Order());
        Assert.Equal(
            Declared.Timers.Select(t => $"{t.Name} {t.Schedule}").Order(),
            triggers.Where(t => Is(t.Value, "timerTrigger")).Select(t => $"{t.Key} {t.Value["schedule"]!.GetValue<string>()}").Order());
        Assert.All(triggers.Values.Where(t => Is(t, "httpTrigger")), t => Assert.Equal("Anonymous", t["authLevel"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Functions_have_names_that_every_platform_takes_and_that_are_their_own()
    {
        var names = (await MetadataAsync()).Select(f => f.Name!).ToList();

        Assert.All(names, name => Assert.Matches("^[A-Za-z][A-Za-z0-9_-]{0,60}$", name));
        Assert.Equal(names.Count, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public async Task Entry_points_are_there_with_the_parameters_that_the_bindings_fill()
    {
        Assert.All(await MetadataAsync(), function =>
        {
            var dot = function.EntryPoint!.LastIndexOf('.');
            var method = typeof(EntryPoints).Assembly.GetType(function.EntryPoint[..dot], throwOnError: true)!.GetMethod(function.EntryPoint[(dot + 1)..])!;
            var trigger = Trigger(function);
            Assert.Equal("Bibind.Functions.Azure.dll", function.ScriptFile);
            Assert.True(!Is(trigger, "queueTrigger") || method.GetParameters().Any(p => p.Name == trigger["name"]!.GetValue<string>()));
        });
    }

    [Fact]
    public async Task A_host_that_reads_a_file_finds_the_same()
    {
        var file = Path.Combine(PostgresFixture.NewFolder(), "functions.metadata");

        Assert.Equal(0, await FunctionsMetadataCommand.RunAsync(file));

        var written = JsonNode.Parse(await File.ReadAllTextAsync(file))!.AsArray();
        Assert.Equal(
            (await MetadataAsync()).Select(f => $"{f.Name} {f.EntryPoint} {string.Join(' ', f.RawBindings!)}"),
            written.Select(f => $"{f!["name"]} {f["entryPoint"]} {string.Join(' ', f["bindings"]!.AsArray().Select(b => b!.ToJsonString()))}"));
    }

    [Fact]
    public void Without_its_queues_the_worker_does_not_start_and_says_what_is_missing()
    {
        var wrong = Assert.Throws<SettingsException>(() => AzureHost.Build(
            [.. FunctionsMetadataCommand.AnySettings.Where(s => !s.StartsWith("--Queues", StringComparison.Ordinal))]));

        Assert.Contains("Queues__AzureStorage__ConnectionString", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_queues_may_be_opened_by_the_identity_of_the_app()
    {
        using var host = AzureHost.Build(
        [
            .. FunctionsMetadataCommand.AnySettings.Where(s => !s.StartsWith("--Queues", StringComparison.Ordinal)),
            "--Queues:AzureStorage:ServiceUri=https://account.queue.core.windows.net/", "--Queues:AzureStorage:ClientId=0b8f…",
        ]);

        Assert.NotNull(host.Services.GetRequiredService<Functions.Queues.Brokers.IQueueBroker>());
    }

    [Fact]
    public void The_self_hosted_program_is_no_worker_of_Azure()
    {
        var wrong = Assert.Throws<SettingsException>(() => FunctionsHost.Build([.. FunctionsMetadataCommand.AnySettings, "--Hosting:Kind=azure"]));

        Assert.Contains("Hosting__Kind", wrong.Message, StringComparison.Ordinal);
        Assert.Contains("Bibind.Functions.Azure", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_host_s_extensions_are_restored_without_the_package_that_is_under_no_open_source_licence()
    {
        var restored = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "infra", "worker-extensions.lock.json"));

        // As new as the worker's own half of the extension wants it.
        var wanted = typeof(QueueTriggerAttribute).Assembly.GetCustomAttribute<ExtensionInformationAttribute>()!;
        var extension = JsonNode.Parse(restored)!["dependencies"]!["net8.0"]![wanted.ExtensionPackage]!["resolved"]!.GetValue<string>();
        Assert.True(Version.Parse(extension) >= Version.Parse(wanted.ExtensionVersion), extension);
        Assert.DoesNotContain("\"Microsoft.AspNet.WebApi.Client\"", restored, StringComparison.Ordinal);
        Assert.DoesNotContain("\"Microsoft.AspNetCore.Mvc.WebApiCompatShim\"", restored, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<IFunctionMetadata>> MetadataAsync()
    {
        using var host = AzureHost.Build(FunctionsMetadataCommand.AnySettings);
        return await host.Services.GetRequiredService<IFunctionMetadataProvider>().GetFunctionMetadataAsync(AppContext.BaseDirectory);
    }

    private static async Task<Dictionary<string, JsonObject>> TriggersAsync() => (await MetadataAsync()).ToDictionary(f => f.Name!, Trigger);

    private static JsonObject Trigger(IFunctionMetadata function) => JsonNode.Parse(function.RawBindings![0])!.AsObject();

    private static bool Is(JsonObject trigger, string type) => trigger["type"]!.GetValue<string>() == type;
}
