using System.Text.Json;
using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Bibind.Functions.Security;

/// <summary>JSON Web Tokens of the configured issuer.</summary>
internal static class JwtScheme
{
    private static readonly string[] Algorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];

    // Access tokens as RFC 9068 and as issuers before it mark them; an issuer's other tokens, such as those of logouts, are none.
    private static readonly string[] Types = ["at+jwt", "application/at+jwt", "JWT"];
    private static readonly JsonDocumentOptions Parsing = new() { AllowDuplicateProperties = false };

    public static void Configure(JwtBearerOptions jwt, SignInOptions options, IssuerKeys keys, TokenCallers callers)
    {
        jwt.MapInboundClaims = false;
        jwt.SaveToken = false;
        jwt.ConfigurationManager = keys;
        jwt.TokenHandlers.Clear();
        jwt.TokenHandlers.Add(new JsonWebTokenHandler { MapInboundClaims = false, MaximumTokenSizeInBytes = BearerToken.LongestToken });
        jwt.TokenValidationParameters = new TokenValidationParameters
        {
            ValidIssuer = options.IssuerName,
            ValidAudience = options.Audience,
            ValidAlgorithms = Algorithms,
            ValidTypes = Types,
            ClockSkew = options.ClockSkew,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
        };
        jwt.Events = new JwtBearerEvents
        {
            OnMessageReceived = async context =>
            {
                if (BearerToken.Read(context.Request) is not { } token)
                {
                    context.NoResult();
                    return;
                }

                context.Token = token;
                var unverified = Read(token);
                if (Refusal(unverified, options) is { } refusal)
                {
                    context.Fail(refusal);
                    return;
                }

                try
                {
                    var keyId = unverified!.Kid is { Length: > 0 } id ? id : null;
                    var published = await keys.GetAsync(keyId, context.HttpContext.RequestAborted);

                    // The framework would try all keys, whatever the token says.
                    if (keyId is not null && published.SigningKeys.All(k => k.KeyId != keyId))
                    {
                        context.Fail(new SecurityTokenSignatureKeyNotFoundException());
                    }
                }
                catch (ProblemException away)
                {
                    context.Fail(away);
                }
            },
            OnTokenValidated = context =>
            {
                try
                {
                    using var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(((JsonWebToken)context.SecurityToken).EncodedPayload), Parsing);
                    context.Principal = CallerIdentity.Principal(callers.Read(claims.RootElement), context.Scheme.Name);
                }
                catch (Exception refused) when (refused is TokenRefusedException or JsonException)
                {
                    context.Fail(refused as TokenRefusedException ?? new TokenRefusedException("The token's claims cannot be read."));
                }

                return Task.CompletedTask;
            },
        };
    }

    /// <summary>Why a token was refused, for its bearer.</summary>
    public static string Explain(Exception? failure) => failure switch
    {
        TokenRefusedException refused => refused.Message,
        SecurityTokenExpiredException => "The token has expired; get a new one from its issuer.",
        SecurityTokenNotYetValidException => "The token is not valid yet.",
        SecurityTokenInvalidAudienceException => "The token is meant for another service.",
        SecurityTokenInvalidIssuerException => "The token comes from another issuer.",
        SecurityTokenInvalidAlgorithmException => "The token is signed by an algorithm that is not accepted; RS256 and ES256 are.",
        SecurityTokenNoExpirationException => "The token never expires, which is not accepted.",
        _ => "The token cannot be accepted: it is not one of the issuer's access tokens, or its signature is wrong.",
    };

    // Before the issuer's keys are looked for: what cannot be accepted anyway costs the issuer nothing.
    private static Exception? Refusal(JsonWebToken? token, SignInOptions options) => token switch
    {
        null => new TokenRefusedException("The token cannot be read."),
        _ when !Algorithms.Contains(token.Alg) => new SecurityTokenInvalidAlgorithmException(),
        _ when token.Issuer != options.IssuerName => new SecurityTokenInvalidIssuerException(),
        _ => null,
    };

    private static JsonWebToken? Read(string token)
    {
        try
        {
            return new JsonWebToken(token);
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException or JsonException or FormatException)
        {
            return null;
        }
    }
}
