using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Bibind.Functions.Hosts;
using Bibind.Functions.Queues;
using Bibind.Functions.Settings;
using Bibind.Functions.Triggers;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.Extensions.Configuration;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>What is deployed has every function, queue and schedule that is declared, and no other.</summary>
public sealed partial class DeploymentTests
{
    private static readonly FunctionDeclarations Declared = Declarations.For(HostKind.Lambda);
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "infra");
    private static readonly YamlMappingNode Template = Read();

    [Fact]
    public void Sam_has_every_queue_with_its_poison_queue_and_no_other()
    {
        var queues = Resources("AWS::SQS::Queue").ToDictionary(r => NameOf(r.Value), r => r, StringComparer.Ordinal);

        Assert.Equal(Declared.Queues.SelectMany(q => new[] { q.Queue, PoisonQueue.NameOf(q.Queue) }).Order(), queues.Keys.Order());
        Assert.All(Declared.Queues, queue =>
        {
            var redrive = (YamlMappingNode)Properties(queues[queue.Queue].Value)["RedrivePolicy"];
            Assert.Equal($"{queues[PoisonQueue.NameOf(queue.Queue)].Key}.Arn", Text(redrive, "deadLetterTargetArn"));
            Assert.True(int.Parse(Text(redrive, "maxReceiveCount"), null) >= 5);
        });
    }

    [Fact]
    public void Sam_triggers_a_function_by_every_queue_with_partial_failures_and_time_to_work()
    {
        var queues = Resources("AWS::SQS::Queue").ToDictionary(r => $"{r.Key}.Arn", r => r.Value, StringComparer.Ordinal);
        var events = Events("SQS").ToList();

        Assert.Equal(
            Declared.Queues.Select(q => q.Queue).Order(), events.Select(e => NameOf(queues[Text(e.Properties, "Queue")])).Order());
        Assert.All(events, e =>
        {
            Assert.Equal("ReportBatchItemFailures", ((YamlSequenceNode)e.Properties["FunctionResponseTypes"]).Single().ToString());
            // AWS: six times the function's timeout.
            Assert.Equal(
                6 * int.Parse(Text(e.Function, "Timeout"), null),
                int.Parse(Text(Properties(queues[Text(e.Properties, "Queue")]), "VisibilityTimeout"), null));
        });
    }

    [Fact]
    public void Sam_has_every_schedule_and_no_other()
    {
        var schedules = Events("ScheduleV2").ToDictionary(
            e => JsonNode.Parse(Text(e.Properties, "Input"))!["bibind"]!["timer"]!.GetValue<string>(), e => Text(e.Properties, "ScheduleExpression"));

        Assert.Equal(Declared.Timers.Select(t => t.Name).Order(), schedules.Keys.Order());
        Assert.All(Declared.Timers, timer => Assert.Equal(AwsSchedule(timer.Schedule), schedules[timer.Name]));
    }

    [Fact]
    public void Sam_leads_every_HTTP_request_to_one_function()
    {
        var http = Assert.Single(Events("HttpApi"));

        // Without path and method it is $default, hence every route that is declared, and answers 404 to the others itself.
        Assert.False(http.Properties.Children.ContainsKey("Path"));
        Assert.Equal("provided.al2023", Text((YamlMappingNode)((YamlMappingNode)Template["Globals"])["Function"], "Runtime"));
    }

    [Fact]
    public void The_settings_that_both_deployments_make_are_settings_that_are_read()
    {
        var globals = (YamlMappingNode)((YamlMappingNode)((YamlMappingNode)((YamlMappingNode)Template["Globals"])["Function"])["Environment"])["Variables"];
        var aws = globals.Children.Select(v => v.Key.ToString());
        var azure = AppSetting().Matches(Bicep()).Select(m => m.Groups[1].Value)
            .Where(n => !n.StartsWith("FUNCTIONS_", StringComparison.Ordinal) && !n.StartsWith("WEBSITE_", StringComparison.Ordinal) && n != "AzureWebJobsStorage");
        var known = KnownSettings();

        Assert.All(aws.Concat(azure), name => Assert.Contains(Digit().Replace(name, "0"), known));
    }

    [Fact]
    public async Task The_Bicep_file_is_well_formed_and_has_every_queue()
    {
        var modules = NodeServers.Require("tree-sitter-bicep", "package.json")[..^"/tree-sitter-bicep/package.json".Length];
        var start = new ProcessStartInfo(ServerPrograms.Require("node", "nodejs"), [Path.Combine(Folder, "parse-bicep.cjs"), modules, Path.Combine(Folder, "main.bicep")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        Assert.Empty(await process.StandardOutput.ReadToEndAsync());
        Assert.Empty(await errors);

        var queues = QueueNames().Match(Bicep()).Groups[1].Value.Split(',').Select(q => q.Trim(' ', '\'')).Order();
        Assert.Equal(Declarations.For(HostKind.Azure).Queues.SelectMany(q => new[] { q.Queue, PoisonQueue.NameOf(q.Queue) }).Order(), queues);
    }

    [Fact]
    public async Task Every_function_gets_a_folder_for_Azure_and_host_json_leaves_them_time()
    {
        var folder = PostgresFixture.NewFolder();
        Assert.Equal(0, await HostCommands.RunAsync(FunctionManifest.Define(), ["azure", folder], TextWriter.Null, TextWriter.Null, default));

        var functions = Declarations.For(HostKind.Azure);
        var triggers = Directory.GetDirectories(folder).ToDictionary(
            f => Path.GetFileName(f)!, f => JsonNode.Parse(File.ReadAllText(Path.Combine(f, "function.json")))!["bindings"]!.AsArray()[0]!);
        Assert.Equal(
            FunctionManifest.HttpFunctions().Select(f => f.Name).Concat(functions.Queues.Select(q => q.Name)).Concat(functions.Timers.Select(t => t.Name)).Order(),
            triggers.Keys.Order());
        Assert.All(functions.Queues, q => Assert.Equal(q.Queue, triggers[q.Name]["queueName"]!.GetValue<string>()));
        Assert.All(functions.Timers, t => Assert.Equal(t.Schedule, triggers[t.Name]["schedule"]!.GetValue<string>()));
        var host = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, "host.json")))!;
        var pump = HostSettings.Read(new ConfigurationBuilder().Build(), out _).Pump;
        Assert.True(TimeSpan.Parse(host["functionTimeout"]!.GetValue<string>(), null) > pump.Limit);
        Assert.Equal(string.Empty, host["extensions"]!["http"]!["routePrefix"]!.GetValue<string>());
        // An order waits for the next look at an idle queue; a control database that is away for days must send nothing to poison.
        var queues = host["extensions"]!["queues"]!;
        Assert.InRange(TimeSpan.Parse(queues["maxPollingInterval"]!.GetValue<string>(), null), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));
        Assert.True(
            TimeSpan.Parse(queues["visibilityTimeout"]!.GetValue<string>(), null) * queues["maxDequeueCount"]!.GetValue<int>() >= TimeSpan.FromDays(2));
        Directory.Delete(folder, recursive: true);
    }

    private static YamlMappingNode Read()
    {
        var yaml = new YamlStream();
        using var reader = new StreamReader(Path.Combine(Folder, "template.yaml"));
        yaml.Load(reader);
        return (YamlMappingNode)yaml.Documents[0].RootNode;
    }

    private static string Bicep() => File.ReadAllText(Path.Combine(Folder, "main.bicep"));

    private static IEnumerable<(string Key, YamlMappingNode Value)> Resources(string type) =>
        ((YamlMappingNode)Template["Resources"]).Children.Select(r => (Key: r.Key.ToString(), Value: (YamlMappingNode)r.Value)).Where(r => Text(r.Value, "Type") == type);

    private static IEnumerable<(YamlMappingNode Function, YamlMappingNode Properties)> Events(string type) =>
        from function in Resources("AWS::Serverless::Function")
        from trigger in ((YamlMappingNode)Properties(function.Value)["Events"]).Children
        where Text((YamlMappingNode)trigger.Value, "Type") == type
        select (Properties(function.Value), Properties((YamlMappingNode)trigger.Value));

    private static YamlMappingNode Properties(YamlMappingNode resource) => (YamlMappingNode)resource["Properties"];

    private static string Text(YamlMappingNode node, string key) => node[key].ToString();

    // Queues are named after the stack, a hyphen and their own name.
    private static string NameOf(YamlMappingNode queue) => Text(Properties(queue), "QueueName").Replace("${AWS::StackName}-", string.Empty, StringComparison.Ordinal);

    // AWS has no seconds, wants a question mark for the weekday, and a start before each step.
    private static string AwsSchedule(string schedule)
    {
        var fields = schedule.Split(' ');
        Assert.Equal(("0", "*"), (fields[0], fields[5]));
        return $"cron({string.Join(' ', fields[1..5].Select(f => f.Replace("*/", "0/", StringComparison.Ordinal)))} ? *)";
    }

    // The sample file shows settings; what it does not show is read by these.
    private static HashSet<string> KnownSettings()
    {
        var sample = SampleName().Matches(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "local.settings.sample.json"))).Select(m => m.Groups[1].Value);
        return [.. sample.Select(n => Digit().Replace(n, "0"))];
    }

    [GeneratedRegex(@"\{ name: '([^']+)', value:")]
    private static partial Regex AppSetting();

    [GeneratedRegex(@"(?<=__)\d+(?=__)")]
    private static partial Regex Digit();

    [GeneratedRegex("""
        "([A-Za-z0-9_]+)":
        """)]
    private static partial Regex SampleName();

    [GeneratedRegex(@"var queues = \[([^\]]+)\]")]
    private static partial Regex QueueNames();
}
