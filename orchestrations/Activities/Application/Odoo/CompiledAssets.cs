namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Compiled scripts and styles, which the application keeps as attachments: it makes those anew that have no row, and answers
/// those empty whose file is not there.
/// </summary>
internal static class CompiledAssets
{
    /// <summary>Forgets those that are kept in files.</summary>
    public const string ForgetSql = "delete from public.ir_attachment where url like '/web/assets/%' and store_fname is not null";
}
