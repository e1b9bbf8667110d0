using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;

namespace Bibind.Functions.Security;

/// <summary>Composes who is let in: one scheme for bearer tokens of every kind, and a policy for each role.</summary>
internal static class SignIn
{
    /// <summary>Bearer tokens, and the console's cookie where there is none; it forwards to the scheme of their kind.</summary>
    public const string Scheme = "bearer";

    private const string Static = "token";
    private const string Jwt = "jwt";
    private const string Opaque = "introspection";
    private const string Made = "operator-token";
    private const string Session = "session";

    public static string PolicyOf(Role role) => $"role:{role}";

    public static IServiceCollection AddSignIn(this IServiceCollection services, SignInOptions options)
    {
        var schemes = services.AddAuthentication()
            .AddPolicyScheme(Scheme, displayName: null, policy => policy.ForwardDefaultSelector = context => Select(context, options))
            .AddScheme<AuthenticationSchemeOptions, ForwardedCallerHandler>(ForwardedCaller.Scheme, displayName: null, configureOptions: null)
            .AddScheme<AuthenticationSchemeOptions, StaticTokenHandler>(Static, displayName: null, configureOptions: null)
            .AddScheme<AuthenticationSchemeOptions, OperatorTokenHandler>(Made, displayName: null, configureOptions: null)
            .AddScheme<AuthenticationSchemeOptions, SessionHandler>(Session, displayName: null, configureOptions: null);
        services.AddSingleton<AuditTrail>().AddSingleton<OperatorTokens>().AddSingleton<ConsoleCookies>().AddSingleton<ConsoleSessions>().AddSingleton<IAntiforgery, ConsoleAntiforgery>()
            .AddSingleton<AuthorizationCodeFlow>().AddSingleton<IssuerExchange>();
        services.AddSingleton(options).AddSingleton(new TokenCallers(options.Claims));
        services.AddSingleton<TokenUses>().AddHostedService<TokenUseRecorder>();
        if (options.Issuer is not null)
        {
            services.AddSingleton(s => ActivatorUtilities.CreateInstance<IssuerKeys>(s, IssuerHttp.Create()));
            schemes.AddJwtBearer(Jwt, configureOptions: null!);
            services.AddOptions<JwtBearerOptions>(Jwt).Configure<IssuerKeys, TokenCallers>((jwt, keys, callers) => JwtScheme.Configure(jwt, options, keys, callers));
        }

        if (options.Introspection is not null)
        {
            services.AddSingleton(s => ActivatorUtilities.CreateInstance<Introspection>(s, IssuerHttp.Create()));
            schemes.AddScheme<AuthenticationSchemeOptions, IntrospectionHandler>(Opaque, displayName: null, configureOptions: null);
        }

        return services
            .AddAuthorization(policies =>
            {
                foreach (var role in Enum.GetValues<Role>())
                {
                    policies.AddPolicy(PolicyOf(role), policy => policy.AddAuthenticationSchemes(Scheme).AddRequirements(new AccessRequirement(role)));
                }
            })
            .AddSingleton<IAuthorizationHandler, AccessHandler>()
            .AddSingleton<IAuthorizationMiddlewareResultHandler, AccessProblems>();
    }

    // A token of the settings may look like any other.
    private static string Select(HttpContext context, SignInOptions options)
    {
        if (context.Features.Get<ForwardedCaller>() is not null)
        {
            return ForwardedCaller.Scheme;
        }

        if (BearerToken.Read(context.Request) is not { } token)
        {
            return context.Request.Headers.Authorization.Count == 0 && context.RequestServices.GetRequiredService<ConsoleCookies>().Read(context, ConsoleCookies.Session) is not null
                ? Session
                : Static;
        }

        if (context.RequestServices.GetRequiredService<Callers>().FindBearer(token) is not null)
        {
            return Static;
        }

        return OperatorTokens.IsOne(token) ? Made
            : !options.IsOn ? Static
            : options.Issuer is not null && (BearerToken.IsJwt(token) || options.Introspection is null) ? Jwt
            : Opaque;
    }
}
