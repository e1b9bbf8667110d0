using System.Globalization;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Bibind.Activities.Credentials;
using Bibind.Contracts;
using Bibind.ControlPlane.Plans;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Storage.S3.Rgw;

/// <summary>
/// Tenants' users at Ceph's object gateway. The bucket stays ours, so that we can always delete it; a policy opens it to the
/// tenant's user, which has no bucket of its own, and its quota is that of the plan that the tenant was sold.
/// </summary>
internal sealed class RgwUsers(RgwAdmin admin, S3Server server, ISecretStore secrets, IPlanLimits plans, ILogger<RgwUsers> logger) : IStorageUsers
{
    // Everything with objects, nothing with the bucket itself.
    private static readonly string[] Allowed =
    [
        "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:GetBucketLocation", "s3:GetObject", "s3:PutObject", "s3:DeleteObject",
        "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts",
    ];

    private static readonly string[] PublicLists = ["public-read", "public-read-write", "authenticated-read"];

    private static readonly string[] Grants = ["full-control", "read", "read-acp", "write", "write-acp"];

    public bool IsOn => true;

    public async Task GrantAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var user = await admin.FindUserAsync(IdOf(place), cancellationToken);
        if (user is not null && user.DisplayName != NameOf(place))
        {
            throw new PermanentFailureException($"The object gateway has a user '{user.Id}' already, and it is not this tenant's; it was left as it is.");
        }

        user ??= await admin.CreateUserAsync(IdOf(place), NameOf(place), cancellationToken);
        var keys = user.Keys ?? throw new TransientFailureException($"The user '{user.Id}' of the object gateway has no keys.");
        await secrets.SetAsync(TenantSecrets.Storage(place.TenantId), keys.ToText(), cancellationToken);
        var bucket = await FindBucketAsync(place, cancellationToken);
        await S3Errors.TranslateErrorsAsync(
            server.Options, place.Bucket,
            async () =>
            {
                // Ceph 16 takes every policy that allows anything to anybody for a public one, and the block would refuse it.
                await server.Client.DeletePublicAccessBlockAsync(new DeletePublicAccessBlockRequest { BucketName = place.Bucket }, cancellationToken);
                return await server.Client.PutBucketPolicyAsync(
                    new PutBucketPolicyRequest { BucketName = place.Bucket, Policy = PolicyFor(place, bucket.Owner) }, cancellationToken);
            },
            cancellationToken);
        await admin.SetQuotaAsync(place.Bucket, bucket, await plans.FindStorageQuotaAsync(place.TenantId, cancellationToken), cancellationToken);
    }

    public async Task<bool> FollowPlanAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        await admin.SetQuotaAsync(
            place.Bucket, await FindBucketAsync(place, cancellationToken), await plans.FindStorageQuotaAsync(place.TenantId, cancellationToken), cancellationToken);

    public async Task RevokeAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var user = await admin.FindUserAsync(IdOf(place), cancellationToken);
        if (user is not null && user.DisplayName != NameOf(place))
        {
            logger.ForeignStorageUserLeft(user.Id);
            return;
        }

        if (user is not null)
        {
            await admin.DeleteUserAsync(user.Id, cancellationToken);
        }

        await secrets.DeleteAsync(TenantSecrets.Storage(place.TenantId), cancellationToken);
    }

    public async Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        await admin.FindUserAsync(IdOf(place), cancellationToken) is { } user && user.DisplayName == NameOf(place);

    private async Task<RgwBucket> FindBucketAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        await admin.FindBucketAsync(place.Bucket, cancellationToken)
        ?? throw new TransientFailureException($"The object gateway does not know the bucket '{place.Bucket}'.");

    // What the tenant stores is the tenant's own, with an access list of its own. So nobody but the tenant and us gets through, whatever
    // such a list says; and who tries to write one is told.
    private static string PolicyFor(TenantDescriptor place, string owner)
    {
        var tenant = new JsonObject { ["AWS"] = new JsonArray($"arn:aws:iam:::user/{IdOf(place)}") };
        var statements = new JsonArray(
        [
            Statement(place, "Allow", tenant.DeepClone(), Allowed),
            Statement(place, "Deny", tenant.DeepClone(), ["s3:PutObjectAcl", "s3:PutObjectVersionAcl", "s3:PutBucketAcl"]),
            Statement(place, "Deny", tenant.DeepClone(), ["s3:PutObject", "s3:DeleteObject"], resource: $"arn:aws:s3:::{place.Bucket}/{ObjectNames.Mark}"),
            Statement(place, "Deny", tenant.DeepClone(), ["s3:PutObject"], Condition(
                "StringEquals", "s3:x-amz-acl", new JsonArray([.. PublicLists.Select(l => JsonValue.Create(l))]))),

            // Two conditions that must both hold: of several values of one, the gateway takes any that differs.
            Statement(place, "Deny", "*", ["s3:*"], new JsonObject
            {
                ["StringNotEquals"] = new JsonObject { ["aws:username"] = owner[(owner.IndexOf('$', StringComparison.Ordinal) + 1)..] },
                ["StringNotLike"] = new JsonObject { ["aws:username"] = IdOf(place) },
            }),
        ]);
        foreach (var grant in Grants)
        {
            statements.Add(Statement(place, "Deny", tenant.DeepClone(), ["s3:PutObject"], Condition("StringLike", $"s3:x-amz-grant-{grant}", "*")));
        }

        return new JsonObject { ["Version"] = "2012-10-17", ["Statement"] = statements }.ToJsonString();
    }

    private static JsonObject Condition(string test, string key, JsonNode value) => new() { [test] = new JsonObject { [key] = value } };

    private static JsonObject Statement(TenantDescriptor place, string effect, JsonNode principal, string[] actions, JsonObject? condition = null, string? resource = null)
    {
        var statement = new JsonObject
        {
            ["Effect"] = effect,
            ["Principal"] = principal,
            ["Action"] = new JsonArray([.. actions.Select(a => JsonValue.Create(a))]),
            ["Resource"] = resource is null ? new JsonArray($"arn:aws:s3:::{place.Bucket}", $"arn:aws:s3:::{place.Bucket}/*") : new JsonArray(resource),
        };
        if (condition is not null)
        {
            statement["Condition"] = condition;
        }

        return statement;
    }

    // A bucket's name is unique at its store, whatever the number of installations there.
    private static string IdOf(TenantDescriptor place) => place.Bucket;

    private static string NameOf(TenantDescriptor place) => string.Create(CultureInfo.InvariantCulture, $"bibind tenant={place.TenantId}");
}
