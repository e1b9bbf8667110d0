using Bibind.ControlPlane;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>A page of a list.</summary>
/// <param name="Items">The rows of this page.</param>
/// <param name="Total">Rows in all pages.</param>
/// <param name="Page">This page, from 1.</param>
/// <param name="PageSize">Rows a page.</param>
public sealed record ListAnswer<T>(IReadOnlyList<T> Items, long Total, int Page, int PageSize)
{
    /// <summary>From a page of the control database.</summary>
    public static ListAnswer<T> Of<TRow>(Page<TRow> page, Func<TRow, T> show)
    {
        ArgumentNullException.ThrowIfNull(page);
        return new ListAnswer<T>([.. page.Items.Select(show)], page.Total, page.Number, page.Size);
    }
}

/// <summary>Reads which page is wanted.</summary>
internal static class Paging
{
    public static PageRequest Read(QueryReader query) => new(
        query.Number(QueryParameter.Page.Name, PageRequest.First.Number, 1, 1_000_000),
        query.Number(QueryParameter.PageSize.Name, PageRequest.First.Size, 1, PageRequest.LargestSize));
}
