using static Bibind.Functions.Settings.Catalogue.Declare;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>What commands read, and variables that platforms or other programs share with us.</summary>
internal static class SurroundingSections
{
    public static IReadOnlyList<SettingsSection> All { get; } =
    [
        new(
            "Roles of a server", "Read by `roles plan` and `roles apply` only; see [roles](postgres-roles.md).",
            Secret("Roles:Administrator", "Connection string of a superuser of the server's PostgreSQL; host and port are the server's unless it names them.") with
            {
                Hosts = SettingHosts.Commands,
            },
            Secret("Roles:ApplicationPassword", "The password that the application logs in with (`db_password` in `odoo.conf`).") with { Hosts = SettingHosts.Commands }),
        new(
            "Telemetry", "Where traces and metrics go, if anywhere. The names mean what they mean everywhere.",
            Address("OTEL_EXPORTER_OTLP_ENDPOINT", "Address of an OpenTelemetry collector.", example: "http://127.0.0.1:4318") with { IsFromPlatform = true },
            Choice("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", ["http/protobuf", "grpc"], "How it is spoken to.") with { IsFromPlatform = true },
            OfPlatform("OTEL_EXPORTER_OTLP_HEADERS", "Headers for it, such as its key.", isSecret: true)),
        new(
            "Set by the platforms", "Read from the environment, where the platform sets them; nobody writes them by hand.",
            OfPlatform("AWS_LAMBDA_RUNTIME_API", "Lambda: where its Runtime API is.") with { Hosts = SettingHosts.FunctionHosts },
            OfPlatform("AWS_REGION", "AWS: the region, unless `Queues__Sqs__Region` says another."),
            OfPlatform("AWS_ACCESS_KEY_ID", "AWS: credentials of the function's role.", isSecret: true),
            OfPlatform("AWS_SECRET_ACCESS_KEY", "AWS: credentials of the function's role.", isSecret: true),
            OfPlatform("AWS_SESSION_TOKEN", "AWS: credentials of the function's role.", isSecret: true)),
    ];
}
