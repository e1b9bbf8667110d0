using System.Globalization;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Startup;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Bibind.Functions.OpenApi;

/// <summary>The OpenAPI document: titles, the security scheme, query parameters, and the problems that every call may answer.</summary>
internal static class ApiDocument
{
    private const string Bearer = "bearer";
    private const string OpenId = "openId";

    /// <summary>What the calls of a tag are about.</summary>
    private static readonly IReadOnlyDictionary<string, string> Tags = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["alerts"] = "What is wrong now, and what was.",
        ["audit"] = "Who changed what, from where and why, and what came of it.",
        ["backups"] = "Taking, trying out, downloading and restoring backups.",
        ["certificates"] = "What certificate authorities ask for.",
        ["domains"] = "Host names of the customer's own, and domains to buy.",
        ["health"] = "Whether the host works, for whoever runs it.",
        ["jobs"] = "What was ordered, how far it is, and why it failed.",
        ["offers"] = "What can be ordered, in versions: what was sold stays as it was.",
        ["plans"] = "What tenants may use and how they are backed up, in versions: what was sold stays as it was.",
        ["servers"] = "The servers that tenants are made on.",
        ["templates"] = "The databases that tenants are cloned from.",
        ["tenants"] = "The customers' instances: ordering, showing and removing them, their passwords, and what they still lack.",
        ["tokens"] = "Who may call, and who is signed in.",
        ["webhooks"] = "Orders by Odoo's automation rules, and those that were refused.",
    };

    public static IServiceCollection AddApiDocument(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer((document, context, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Bibind.Functions",
                Version = ProgramVersion.Text,
                Description = "Creates, operates and removes customer instances. Errors are RFC 9457 problem details.",
                License = new OpenApiLicense { Name = "Apache-2.0", Url = new Uri("https://www.apache.org/licenses/LICENSE-2.0") },
            };
            // Wherever the document was read from: what is in front of the host is not known to it.
            document.Servers = [new OpenApiServer { Url = "/", Description = "The host that this document was read from." }];
            document.Tags = new HashSet<OpenApiTag>(Tags.Select(t => new OpenApiTag { Name = t.Key, Description = t.Value }));
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[Bearer] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A token from the settings (Auth__Tokens__N), one that an operator made, or one of the issuer, with the role viewer, manager or admin; each includes the one before it. "
                    + "A customer's token reaches that customer's tenants only.",
            };
            if (IssuerOf(context.ApplicationServices) is { } issuer)
            {
                document.Components.SecuritySchemes[OpenId] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.OpenIdConnect,
                    OpenIdConnectUrl = new Uri(IssuerKeys.AddressOf(issuer)),
                    Description = "An access token of the issuer (Auth__Issuer), sent as a bearer token.",
                };
            }

            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeAsync);
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // The API writes times by a converter of its own, which a schema cannot be read from.
            if (schema.Format == "date-time" && schema.Type is null)
            {
                schema.Type = Nullable.GetUnderlyingType(context.JsonPropertyInfo?.PropertyType ?? context.JsonTypeInfo.Type) is null
                    ? JsonSchemaType.String
                    : JsonSchemaType.String | JsonSchemaType.Null;
            }

            return Task.CompletedTask;
        });
    });

    private static Task DescribeAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellation)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Parameters ??= [];
        foreach (var parameter in metadata.OfType<QueryParameters>().SelectMany(p => p.Items))
        {
            operation.Parameters.Add(Query(parameter));
        }

        if (metadata.OfType<TakesIdempotencyKey>().Any())
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = Ordering.IdempotencyKey.Header,
                In = ParameterLocation.Header,
                Description = "At most 200 printable ASCII characters; a repetition with the same key and body gets the first answer again.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = Ordering.IdempotencyKey.LongestKey },
            });
        }

        if (metadata.OfType<TakesIfMatch>().LastOrDefault() is { } match)
        {
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = "If-Match",
                In = ParameterLocation.Header,
                Required = match.IsRequired,
                Description = "The ETag of the answer that the change is made of, or * for whatever is there.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            });
        }

        var problem = new OpenApiMediaType { Schema = new OpenApiSchemaReference(nameof(ProblemBody), context.Document) };
        var role = metadata.OfType<RequiredRole>().LastOrDefault();
        if (role is not null)
        {
            operation.Security = [Requirement(Bearer, context)];
            if (IssuerOf(context.ApplicationServices) is not null)
            {
                operation.Security.Add(Requirement(OpenId, context));
            }

            operation.Description = metadata.OfType<CustomerAccess>().Any()
                ? $"Needs the role {role.Name}. Customers' tokens reach what is the customer's own."
                : $"Needs the role {role.Name}, of an operator's token.";
            AddProblem(operation, "401", "No valid bearer token.", problem);
            AddProblem(operation, "403", "The token's role is not enough.", problem);
        }

        else
        {
            // Said, not left out: nothing is needed, or what is needed stands in the address.
            operation.Security = [];
        }

        // Before any function is called, and so without a body.
        operation.Responses ??= [];
        operation.Responses.TryAdd("400", new OpenApiResponse { Description = "No valid HTTP request." });
        AddProblem(operation, "500", "An unexpected failure; the trace id finds it in the logs.", problem);
        AddProblem(operation, "503", "Not available for the moment.", problem);
        return Task.CompletedTask;
    }

    private static string? IssuerOf(IServiceProvider services) => services.GetRequiredService<SignInOptions>().IssuerName;

    private static OpenApiSecurityRequirement Requirement(string scheme, OpenApiOperationTransformerContext context) =>
        new() { [new OpenApiSecuritySchemeReference(scheme, context.Document)] = [] };

    private static OpenApiParameter Query(QueryParameter parameter) => new()
    {
        Name = parameter.Name,
        In = ParameterLocation.Query,
        Description = parameter.Description,
        Schema = new OpenApiSchema
        {
            Type = parameter.Range is null ? JsonSchemaType.String : JsonSchemaType.Integer,
            Minimum = parameter.Range?.From.ToString(CultureInfo.InvariantCulture),
            Maximum = parameter.Range?.To.ToString(CultureInfo.InvariantCulture),
            Enum = parameter.Choices is null ? null : [.. parameter.Choices.Select(c => System.Text.Json.Nodes.JsonValue.Create(c))],
        },
    };

    private static void AddProblem(OpenApiOperation operation, string status, string description, OpenApiMediaType problem)
    {
        operation.Responses ??= [];
        operation.Responses.TryAdd(status, new OpenApiResponse
        {
            Description = description,
            Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = problem },
        });
    }
}
