namespace Bibind.ControlPlane;

/// <summary>A part of a longer list.</summary>
/// <param name="Items">The rows of this page.</param>
/// <param name="Total">Rows in all pages.</param>
/// <param name="Number">This page, from 1.</param>
/// <param name="Size">Rows a page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, long Total, int Number, int Size);

/// <summary>Which part of a list is wanted.</summary>
/// <param name="Number">The page, from 1.</param>
/// <param name="Size">Rows a page, 1 to <see cref="LargestSize"/>.</param>
public readonly record struct PageRequest(int Number, int Size)
{
    /// <summary>The most rows a page may have.</summary>
    public const int LargestSize = 200;

    /// <summary>Lists that grow for as long as an installation lives are counted up to this: nobody pages through a million rows.</summary>
    public const int MostCounted = 10_000;

    /// <summary>The first fifty.</summary>
    public static PageRequest First => new(1, 50);

    internal long Offset => (long)(Number - 1) * Size;

    internal PageRequest Checked()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Number, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Size, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Size, LargestSize);
        return this;
    }
}
