using Bibind.ControlPlane;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>A page of a list; a list without pages is one page of all rows.</summary>
/// <param name="Items">The rows of this page.</param>
/// <param name="Total">Rows in all pages.</param>
/// <param name="Page">This page, from 1.</param>
/// <param name="PageSize">Rows a page.</param>
public sealed record ListResponse<T>(IReadOnlyList<T> Items, long Total, int Page, int PageSize);

/// <summary>Reads which page is wanted, and answers with it.</summary>
internal static class Paging
{
    public static PageRequest Read(QueryReader query) => new(
        query.Number(QueryParameter.Page.Name, PageRequest.First.Number, QueryParameter.Page.Range!.Value.From, QueryParameter.Page.Range.Value.To),
        query.Number(QueryParameter.PageSize.Name, PageRequest.First.Size, 1, PageRequest.LargestSize));

    public static ListResponse<TView> Show<TRow, TView>(Page<TRow> page, Func<TRow, TView> show) =>
        new([.. page.Items.Select(show)], page.Total, page.Number, page.Size);

    /// <summary>A list that is never long enough for pages.</summary>
    public static ListResponse<TView> ShowAll<TRow, TView>(IReadOnlyList<TRow> rows, Func<TRow, TView> show) =>
        new([.. rows.Select(show)], rows.Count, 1, Math.Max(1, rows.Count));
}
