using Bibind.ControlPlane.Audit;
using Bibind.ControlPlane.Registrations;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Security;

/// <summary>Records who changes what. Bodies and tokens are not among it; of a command its code and its reason are.</summary>
internal sealed class AuditTrail(AuditStore store, ConnectionPools pools, IOptions<RegistrationOptions> registration, ILogger<AuditTrail> logger)
{
    /// <summary>What is recorded of signing in.</summary>
    public const string SignIn = "sign-in";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly IReadOnlyList<System.Net.IPNetwork> _proxies = registration.Value.Proxies();

    /// <summary>Where a call comes from.</summary>
    public System.Net.IPAddress? AddressOf(HttpContext context) => ClientAddress.Of(context, _proxies);

    /// <summary>Records a call before it is carried out: if that cannot be, it is not carried out either.</summary>
    public async Task<long> BeginAsync(HttpContext context, Caller caller)
    {
        var entry = Describe(context, caller);
        try
        {
            return await store.BeginAsync(entry, context.RequestAborted);
        }
        catch (Exception ended) when (TransientDatabaseError.Is(ended))
        {
            // A connection that ended while it lay in the pool says nothing about the database; the next one does. If the row was written all the same,
            // nobody sees its end.
            pools.ClearIdle();
            return await store.BeginAsync(entry, context.RequestAborted);
        }
    }

    /// <summary>Records what came of a call. If that cannot be, the row says that nobody has seen the end.</summary>
    public Task CompleteAsync(HttpContext context, long id, int status)
    {
        var notes = context.Features.Get<CommandNotes>();
        return TryAsync(context, limit => store.CompleteAsync(id, new AuditResult(status, notes?.Code, notes?.Reason), limit));
    }

    /// <summary>Records a change that its caller may not make.</summary>
    public Task AddRefusalAsync(HttpContext context, int status) => ForgeryMiddleware.IsSafe(context.Request.Method)
        ? Task.CompletedTask
        : TryAsync(context, limit => store.AddAsync(Describe(context, context.Caller()), status, limit));

    /// <summary>Records that somebody signed in, before they can do anything.</summary>
    public Task AddSignInAsync(HttpContext context, Caller caller) =>
        store.AddAsync(Describe(context, caller) with { Action = SignIn, Path = null, Subject = null, Reason = null }, StatusCodes.Status200OK, context.RequestAborted);

    /// <summary>Records that somebody was not let in.</summary>
    /// <param name="context">The call.</param>
    /// <param name="caller">Who it was, if that is known.</param>
    /// <param name="reason">Why not.</param>
    /// <param name="status">The answer.</param>
    public Task AddRefusedSignInAsync(HttpContext context, Caller? caller, string reason, int status) => TryAsync(context, limit => store.AddAsync(
        Describe(context, caller ?? new Caller("unknown", Role: null) { Source = "none" }) with { Action = SignIn, Path = null, Subject = null, Reason = reason }, status, limit));

    private AuditEntry Describe(HttpContext context, Caller caller) => new(caller.Name, caller.Source, ActionOf(context))
    {
        Role = caller.Role?.ToName(),
        Customer = caller.Customer,
        Session = caller.Session,
        Address = AddressOf(context)?.ToString(),
        Path = SecretPaths.Show(context.Request.Path),
        Subject = SubjectOf(context),
        Reason = context.Request.Query["reason"] is [{ } reason] ? reason : null,
        TraceId = Problem.TraceOf(context),
    };

    private static string ActionOf(HttpContext context) =>
        $"{context.Request.Method} {(context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.TrimEnd('/') ?? "?"}";

    // A rollout's step on a tenant is found with the tenant; the path has the rollout.
    private static string? SubjectOf(HttpContext context) =>
        context.GetRouteValue("code") as string ?? context.GetRouteValue("id") as string
        ?? context.Request.RouteValues.Values.OfType<string>().FirstOrDefault();

    private async Task TryAsync(HttpContext context, Func<CancellationToken, Task> record)
    {
        // Also for a caller who has gone.
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await record(limit.Token);
        }
        catch (Exception failed)
        {
            Logs.AuditNotRecorded(logger, ActionOf(context), Problem.TraceOf(context), failed);
        }
    }
}
