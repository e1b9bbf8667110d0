using System.Diagnostics;
using Bibind.Durable;
using Bibind.Functions.Problems;
using Bibind.Functions.Settings;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Bibind.Functions.Telemetry;

/// <summary>
/// Sends traces and metrics to an OpenTelemetry collector, if one is named by <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>;
/// <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> and <c>OTEL_EXPORTER_OTLP_HEADERS</c> mean what they mean everywhere.
/// </summary>
internal sealed class TelemetryExport(Uri endpoint, OtlpExportProtocol protocol, string? headers) : IHostedService, IDisposable
{
    private const string EndpointKey = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ProtocolKey = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private const string HeadersKey = "OTEL_EXPORTER_OTLP_HEADERS";
    private const string Service = "bibind-functions";
    private TracerProvider? _traces;
    private MeterProvider? _metrics;

    /// <summary>The export that the settings ask for; null for none.</summary>
    public static TelemetryExport? Read(SettingsReader reader)
    {
        if (reader.Optional(EndpointKey) is not { } text)
        {
            return null;
        }

        var protocol = reader.Optional(ProtocolKey) ?? "http/protobuf";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            reader.Report(EndpointKey, "must be the address of an OpenTelemetry collector, such as http://127.0.0.1:4318.");
            return null;
        }

        if (protocol is not ("http/protobuf" or "grpc"))
        {
            reader.Report(ProtocolKey, "must be http/protobuf or grpc.");
            return null;
        }

        return new TelemetryExport(
            endpoint, protocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf, reader.Optional(HeadersKey));
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var resource = ResourceBuilder.CreateDefault().AddService(Service, serviceVersion: typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3));
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(DurableTelemetry.Name, "Microsoft.AspNetCore", "Npgsql")
            .AddProcessor(new WithoutCredentials())
            .AddOtlpExporter(o => Configure(o, "v1/traces"))
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(DurableTelemetry.Name, "Microsoft.AspNetCore.Hosting", "System.Runtime", "Npgsql")
            .AddOtlpExporter(o => Configure(o, "v1/metrics"))
            .Build();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        // Each waits a moment at most for what is not sent yet.
        _traces?.ForceFlush(2000);
        _metrics?.ForceFlush(2000);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _traces?.Dispose();
        _metrics?.Dispose();
    }

    // The path of a signal is ours to add, since the address is given by code.
    private void Configure(OtlpExporterOptions options, string path)
    {
        options.Protocol = protocol;
        options.Endpoint = protocol == OtlpExportProtocol.Grpc ? endpoint : new Uri($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}");
        if (headers is not null)
        {
            options.Headers = headers;
        }
    }

    /// <summary>A webhook's address holds its token; the words of a failure may name other addresses that do.</summary>
    private sealed class WithoutCredentials : BaseProcessor<Activity>
    {
        private static readonly string[] PathTags = ["url.path", "url.full", "url.query", "http.target", "http.url", "http.path"];

        public override void OnEnd(Activity data)
        {
            foreach (var tag in PathTags)
            {
                if (data.GetTagItem(tag) is string text && SecretPaths.MayHoldOne(text))
                {
                    data.SetTag(tag, SecretPaths.Show("/webhooks/odoo"));
                }
            }

            if (data.StatusDescription is { } reason)
            {
                data.SetStatus(data.Status, SecretText.Show(reason));
            }
        }
    }
}
