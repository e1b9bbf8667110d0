namespace Bibind.Durable;

/// <summary>The rules for instance ids.</summary>
internal static class InstanceIds
{
    private const int MaximumLength = 256;
    private static readonly System.Buffers.SearchValues<char> Forbidden = System.Buffers.SearchValues.Create("/\\#?");

    /// <exception cref="ArgumentException">The id is empty, too long, begins with <c>@</c>, or has one of <c>/ \ # ?</c> or a control character.</exception>
    public static void Validate(string instanceId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(instanceId);
        if (instanceId.Length > MaximumLength)
        {
            throw new ArgumentException($"An instance id has at most {MaximumLength} characters.", nameof(instanceId));
        }

        if (instanceId[0] == '@' || instanceId.AsSpan().ContainsAny(Forbidden) || instanceId.Any(char.IsControl))
        {
            throw new ArgumentException("An instance id must not begin with '@' nor contain '/', '\\', '#', '?' or control characters.", nameof(instanceId));
        }
    }
}
