using System.Text.RegularExpressions;

namespace Bibind.Activities.Storage;

/// <summary>Which names of buckets and keys of objects are accepted: what S3 allows and a file system cannot misread.</summary>
public static partial class ObjectNames
{
    /// <summary>The object that says whose a bucket is; it goes last of all.</summary>
    public const string Mark = ".bibind";

    private const int LongestKey = 900;

    /// <summary>True if it may be a bucket's name.</summary>
    public static bool IsBucket(string? name) => name is not null && BucketPattern().IsMatch(name);

    /// <summary>The bucket's name, if it may be one.</summary>
    /// <exception cref="ArgumentException">It may not.</exception>
    public static string Bucket(string name) =>
        IsBucket(name)
            ? name
            : throw new ArgumentException($"'{name}' is no name for a bucket: 3 to 63 of a-z, 0-9, '.' and '-', without '..'.", nameof(name));

    /// <summary>The object's key, if it may be one.</summary>
    /// <exception cref="ArgumentException">It may not.</exception>
    public static string Key(string key) =>
        key is { Length: > 0 and <= LongestKey } && key.Split('/').All(s => SegmentPattern().IsMatch(s) && s is not ("." or ".."))
            ? key
            : throw new ArgumentException(
                $"'{key}' is no key for an object: parts of A-Z, a-z, 0-9, '_', '.', '-', '@' and '=' between slashes, no part '.' or '..'.", nameof(key));

    /// <summary>A prefix of keys: whole parts, each followed by a slash; empty for all.</summary>
    /// <exception cref="ArgumentException">It is not one.</exception>
    public static string Prefix(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length == 0)
        {
            return prefix;
        }

        return prefix.EndsWith('/') && Key(prefix[..^1]).Length > 0
            ? prefix
            : throw new ArgumentException($"'{prefix}' is no prefix of keys: it must end with a slash.", nameof(prefix));
    }

    [GeneratedRegex(@"^(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\z")]
    private static partial Regex BucketPattern();

    [GeneratedRegex(@"^[A-Za-z0-9_.@=-]{1,200}\z")]
    private static partial Regex SegmentPattern();
}
