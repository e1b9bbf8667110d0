using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Bibind.Testing.FunctionsHost;

/// <summary>Starts a worker as the host does: what <c>worker.config.json</c> names, with where to connect.</summary>
internal static class WorkerProcess
{
    public static Process Start(string folder, IReadOnlyDictionary<string, string> settings, Uri host, string workerId, Action<string> log)
    {
        var description = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "worker.config.json")))!["description"]!;
        var largest = int.MaxValue.ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo(
            description["defaultExecutablePath"]!.GetValue<string>().Replace("{WorkerRoot}", folder + "/", StringComparison.Ordinal),
            [
                Path.Combine(folder, description["defaultWorkerPath"]!.GetValue<string>()),
                "--functions-uri", host.AbsoluteUri, "--functions-worker-id", workerId, "--functions-request-id", Guid.NewGuid().ToString(),
                "--functions-grpc-max-message-length", largest,
            ])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        start.Environment["FUNCTIONS_WORKER_RUNTIME"] = "dotnet-isolated";
        start.Environment["FUNCTIONS_WORKER_DIRECTORY"] = folder;
        start.Environment["FUNCTIONS_APPLICATION_DIRECTORY"] = folder;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Pass(line.Data);
        process.ErrorDataReceived += (_, line) => Pass(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Pass(string? line)
        {
            if (line is not null)
            {
                log(line);
            }
        }
    }
}
