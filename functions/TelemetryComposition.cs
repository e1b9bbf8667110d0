using System.Diagnostics.Metrics;
using Bibind.Durable.Telemetry;
using Bibind.Functions.Alerts;
using Bibind.Functions.Hosts;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Reconciliation;
using Bibind.Functions.Security;
using Bibind.Functions.Servers;
using Bibind.Functions.Telemetry;
using Bibind.Functions.Usage;
using Npgsql;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Bibind.Functions;

/// <summary>Composes traces and metrics.</summary>
internal static class TelemetryComposition
{
    private const string Service = "bibind-functions";
    private const string MetricsPath = "/metrics";
    private const string HealthPath = "/health";

    // By route, method and status.
    private const string RequestDuration = "http.server.request.duration";
    private const int ManyLabelSets = 1000;
    private const int LabelSets = 200;

    // Only where a setting asks for a series for each tenant.
    private const int TenantLabelSets = 20_000;

    /// <summary>
    /// Adds traces where a collector is named, and metrics where somebody reads them: a collector, or <c>/metrics</c> of a process that lives on.
    /// </summary>
    public static void AddTelemetry(this IHostApplicationBuilder builder, HostSettings settings)
    {
        var (collector, isScraped) = (settings.Telemetry.Collector, IsScraped(settings));
        if (collector is null && !isScraped)
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService(
            Service, serviceVersion: typeof(TelemetryComposition).Assembly.GetName().Version?.ToString(3)));
        if (collector is not null)
        {
            telemetry.WithTracing(traces => traces
                .AddSource(DurableTelemetry.Name)
                .AddAspNetCoreInstrumentation(o => o.Filter = context => !IsProbe(context.Request.Path))
                .AddHttpClientInstrumentation()
                .AddNpgsql()
                .AddProcessor(new WithoutCredentials())
                .AddOtlpExporter(o => Configure(o, settings.Telemetry, collector, "v1/traces")));
        }

        telemetry.WithMetrics(metrics =>
        {
            if (metrics is IDeferredMeterProviderBuilder deferred)
            {
                deferred.Configure((services, built) => built.AddView(instrument => Limit(instrument, services.GetRequiredService<IMeterFactory>())));
            }

            metrics.AddMeter(DurableTelemetry.Name).AddMeter(ServerMetrics.Name).AddMeter(UsageMetrics.Name).AddMeter(WarmPoolMetrics.Name).AddMeter(RolloutMetrics.Name).AddMeter(TenantCheckMetrics.Name).AddMeter(ReconciliationMetrics.Name).AddMeter(AlertMetrics.Name).AddMeter(BillingNotices.Name).AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation().AddNpgsqlInstrumentation();
            if (collector is not null)
            {
                metrics.AddOtlpExporter(o => Configure(o, settings.Telemetry, collector, "v1/metrics"));
            }

            if (isScraped)
            {
                metrics.AddPrometheusExporter();
            }
        });
    }

    /// <summary>Maps <c>/metrics</c>, for viewers, where the process lives on: elsewhere the next scrape would find another one.</summary>
    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        if (IsScraped(routes.ServiceProvider.GetRequiredService<HostSettings>()))
        {
            routes.MapPrometheusScrapingEndpoint(MetricsPath).NeedsRole(Role.Viewer)
                .WithMetadata(new Probe(), new NeedsNoDatabase(), new HttpMethodMetadata([HttpMethods.Get]));
        }
    }

    // Called all the time, and before the route is known.
    private static bool IsProbe(PathString path) => path.StartsWithSegments(HealthPath) || path == MetricsPath;

    private static bool IsScraped(HostSettings settings) => !settings.Kind.IsFunctionHost();

    // A provider listens to every meter of its name in the process, those of other hosts in it too. And room for each set of labels is taken when
    // an instrument appears: the SDK's own limit of 2,000 costs a host some hundred instruments times 200 kB.
    private static MetricStreamConfiguration Limit(Instrument instrument, IMeterFactory own) =>
        instrument.Meter.Scope is IMeterFactory other && !ReferenceEquals(other, own)
            ? MetricStreamConfiguration.Drop
            : new MetricStreamConfiguration { CardinalityLimit = LimitOf(instrument.Name) };

    private static int LimitOf(string instrument) =>
        instrument.StartsWith(UsageMetrics.PerTenant, StringComparison.Ordinal) ? TenantLabelSets
        : instrument is RequestDuration or ServerMetrics.Up or WarmPoolMetrics.Clones or RolloutMetrics.Tenants || instrument.StartsWith(UsageMetrics.Prefix, StringComparison.Ordinal) ? ManyLabelSets
        : LabelSets;

    // The path of a signal is ours to add, since the address is given by code.
    private static void Configure(OtlpExporterOptions options, TelemetrySettings settings, Uri collector, string path)
    {
        options.Protocol = settings.Protocol;
        options.Endpoint = settings.Protocol == OtlpExportProtocol.Grpc ? collector : new Uri($"{collector.AbsoluteUri.TrimEnd('/')}/{path}");
        if (settings.Headers is not null)
        {
            options.Headers = settings.Headers;
        }
    }
}
