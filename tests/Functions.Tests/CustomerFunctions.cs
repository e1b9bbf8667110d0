namespace Bibind.Functions.Tests;

/// <summary>What customers may and may not call, and what a call carries; <see cref="AccessOfCustomersTests"/> compares it with what is mapped.</summary>
internal static class CustomerFunctions
{
    /// <summary>What is open to everybody; the credential of a webhook is its address.</summary>
    public static readonly string[] Open = ["GET /health/live", "GET /health/ready", "POST /webhooks/odoo/{token}", "GET /.well-known/acme-challenge/{token}", "GET /openapi/v1.json"];

    /// <summary>What operators alone may call.</summary>
    public static readonly string[] Closed =
    [
        "GET /api/tokens", "GET /api/jobs/{id}/history", "POST /api/tenants/{code}/database/adopt", "PUT /api/tenants/{code}/customer", "GET /api/webhooks/odoo/refusals",
        "POST /api/servers", "GET /api/servers", "GET /api/servers/{code}", "GET /api/servers/{code}/check", "POST /api/servers/{code}/activate",
        "POST /api/servers/{code}/credentials", "GET /metrics",
        "PATCH /api/servers/{code}", "DELETE /api/servers/{code}", "POST /api/servers/{code}/deactivate", "POST /api/servers/{code}/maintenance",
        "POST /api/servers/{code}/drain", "POST /api/servers/{code}/undrain", "GET /api/servers/{code}/changes", "GET /api/servers/{code}/health",
        "POST /api/servers/{code}/health", "GET /api/servers/{code}/tenants", "GET /api/servers/alerts", "GET /api/servers/best",
        "POST /api/offers", "GET /api/offers", "GET /api/offers/{code}", "PATCH /api/offers/{code}", "DELETE /api/offers/{code}", "GET /api/offers/{code}/versions",
        "POST /api/plans", "GET /api/plans", "GET /api/plans/{code}", "PATCH /api/plans/{code}", "DELETE /api/plans/{code}", "GET /api/plans/{code}/versions",
        "POST /api/templates", "GET /api/templates", "GET /api/templates/{code}",
        "POST /api/templates/{code}/versions", "GET /api/templates/{code}/versions", "GET /api/templates/{code}/changes", "GET /api/templates/{code}/tenants",
        "POST /api/templates/{code}/versions/{number}/promote", "POST /api/templates/{code}/versions/{number}/rollback",
        "POST /api/templates/{code}/versions/{number}/retire", "PUT /api/templates/{code}/family", "PATCH /api/templates/{code}",
        "POST /api/tenants/{code}/upgrade", "POST /api/tenants/{code}/upgrade/rollback", "POST /api/tenants/{code}/upgrade/confirm", "GET /api/tenants/{code}/upgrades",
        "GET /api/tenants/{code}/modules", "POST /api/tenants/{code}/modules", "GET /api/tenants/{code}/theme", "PUT /api/tenants/{code}/theme",
        "POST /api/tenants/{code}/move", "POST /api/servers/{code}/moves", "GET /api/moves", "GET /api/moves/{id}", "POST /api/moves/{id}/confirm", "POST /api/moves/{id}/cancel",
        "POST /api/rollouts", "GET /api/rollouts", "GET /api/rollouts/{id}", "GET /api/rollouts/{id}/tenants", "GET /api/rollouts/{id}/changes",
        "POST /api/rollouts/{id}/pause", "POST /api/rollouts/{id}/resume", "POST /api/rollouts/{id}/cancel", "POST /api/rollouts/{id}/tenants/{code}/skip",
        "POST /api/rollouts/{id}/tenants/{code}/hold", "POST /api/rollouts/{id}/tenants/{code}/release", "POST /api/rollouts/{id}/tenants/{code}/retry",
        "POST /api/rollouts/{id}/tenants/{code}/rollback",
    ];

    /// <summary>A body that the call takes, for every call that takes one.</summary>
    public static readonly Dictionary<string, string> Bodies = new()
    {
        ["POST /api/tenants"] = """{"code": "stolen", "name": "Mine", "offer": "odoo-shared", "customer": "c-neighbour"}""",
        ["POST /api/tenants/{code}/domains"] = """{"name": "taken.example.com"}""",
        ["POST /api/tenants/{code}/database/adopt"] = """{"database": "{code}", "reason": "mine now"}""",
        ["PUT /api/tenants/{code}/customer"] = """{"customer": "c-attacker"}""",
        ["POST /api/backups/{id}/restore"] = """{"newTenant": {"code": "copied"}}""",
        ["POST /api/domains/purchases"] = """{"name": "bought.example", "confirm": "bought.example", "maxPrice": {"amount": 10, "currency": "EUR"}, "tenant": "{code}"}""",
        ["POST /api/servers"] = "{}",
        ["POST /api/servers/{code}/activate"] = "{}",
        ["PATCH /api/servers/{code}"] = """{"name": "taken over", "reason": "mine now"}""",
        ["POST /api/servers/{code}/deactivate"] = """{"reason": "mine now"}""",
        ["POST /api/servers/{code}/maintenance"] = """{"reason": "mine now"}""",
        ["POST /api/servers/{code}/drain"] = """{"reason": "mine now"}""",
        ["POST /api/servers/{code}/undrain"] = """{"reason": "mine now"}""",
        ["POST /api/servers/{code}/credentials"] = """{"databasePassword": "taken-over-0123456789"}""",
        ["POST /api/offers"] = "{}",
        ["PATCH /api/offers/{code}"] = """{"name": "taken over", "reason": "mine now"}""",
        ["POST /api/plans"] = "{}",
        ["PATCH /api/plans/{code}"] = """{"userLimit": null, "reason": "mine now"}""",
        ["POST /api/templates"] = "{}",
        ["POST /api/templates/{code}/versions"] = """{"reason": "mine now"}""",
        ["POST /api/templates/{code}/versions/{number}/promote"] = """{"reason": "mine now"}""",
        ["POST /api/templates/{code}/versions/{number}/rollback"] = """{"reason": "mine now"}""",
        ["POST /api/templates/{code}/versions/{number}/retire"] = """{"reason": "mine now"}""",
        ["PUT /api/templates/{code}/family"] = """{"family": null}""",
        ["PATCH /api/templates/{code}"] = """{"warmPoolSize": 1, "reason": "mine now"}""",
        ["POST /api/tenants/{code}/upgrade"] = """{"version": "1", "kind": "sql", "statements": ["select 1"], "reason": "mine now"}""",
        ["POST /api/tenants/{code}/upgrade/rollback"] = """{"reason": "mine now"}""",
        ["POST /api/tenants/{code}/move"] = """{"reason": "mine now"}""",
        ["POST /api/servers/{code}/moves"] = "{}",
        ["POST /api/rollouts"] = """{"offer": "odoo-shared", "release": {"version": "1", "kind": "sql", "statements": ["select 1"]}, "reason": "mine now"}""",
        ["POST /api/rollouts/{id}/pause"] = """{"reason": "mine now"}""",
        ["POST /api/rollouts/{id}/resume"] = """{"reason": "mine now"}""",
        ["POST /api/rollouts/{id}/cancel"] = """{"reason": "mine now"}""",
        ["POST /api/rollouts/{id}/tenants/{code}/skip"] = """{"reason": "mine now"}""",
        ["POST /api/rollouts/{id}/tenants/{code}/hold"] = """{"reason": "mine now"}""",
        ["POST /api/rollouts/{id}/tenants/{code}/release"] = """{"reason": "mine now"}""",
        ["POST /api/rollouts/{id}/tenants/{code}/retry"] = """{"reason": "mine now"}""",
        ["POST /api/rollouts/{id}/tenants/{code}/rollback"] = """{"reason": "mine now"}""",
        ["POST /api/tenants/{code}/modules"] = """{"activate": ["sale"]}""",
        ["PUT /api/tenants/{code}/theme"] = """{"theme": "ocean"}""",
        ["POST /webhooks/odoo/{token}"] = "{}",
    };
}
