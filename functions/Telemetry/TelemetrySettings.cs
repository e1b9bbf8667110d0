using Bibind.Functions.Settings;
using OpenTelemetry.Exporter;

namespace Bibind.Functions.Telemetry;

/// <summary>
/// Where traces and metrics go: to the OpenTelemetry collector that <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names, if any;
/// <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> and <c>OTEL_EXPORTER_OTLP_HEADERS</c> mean what they mean everywhere.
/// </summary>
/// <param name="Collector">Null if there is none.</param>
/// <param name="Headers">May hold a key: never logged.</param>
internal sealed record TelemetrySettings(Uri? Collector, OtlpExportProtocol Protocol, string? Headers)
{
    private const string EndpointKey = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string ProtocolKey = "OTEL_EXPORTER_OTLP_PROTOCOL";
    private const string HeadersKey = "OTEL_EXPORTER_OTLP_HEADERS";

    /// <summary>Without a collector.</summary>
    public static TelemetrySettings None { get; } = new(null, OtlpExportProtocol.HttpProtobuf, null);

    /// <summary>Reads and checks the settings.</summary>
    public static TelemetrySettings Read(SettingsReader reader)
    {
        if (reader.Optional(EndpointKey) is not { } text)
        {
            return None;
        }

        var protocol = reader.Optional(ProtocolKey) ?? "http/protobuf";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https"))
        {
            reader.Report(EndpointKey, "must be the address of an OpenTelemetry collector, such as http://127.0.0.1:4318.");
            return None;
        }

        if (protocol is not ("http/protobuf" or "grpc"))
        {
            reader.Report(ProtocolKey, "must be http/protobuf or grpc.");
        }

        return new TelemetrySettings(endpoint, protocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf, reader.Optional(HeadersKey));
    }

    /// <inheritdoc/>
    public override string ToString() => nameof(TelemetrySettings);
}
