using Bibind.Activities.Backup.Encryption;

namespace Bibind.Activities.Backup;

/// <summary>The first bytes of a dump in <c>pg_dump</c>'s custom format: which programs can read it.</summary>
/// <param name="Bytes">What was read.</param>
/// <param name="OldestReader">The oldest major version of PostgreSQL whose programs read the format.</param>
internal sealed record DumpHeader(ReadOnlyMemory<byte> Bytes, int OldestReader)
{
    // "PGDMP", then the format's version: major, minor, revision.
    private const int Length = 8;
    private const int MajorAt = 5;
    private const int MinorAt = 6;

    // 1.14 and before is read by every version that is still maintained; 1.15 came with PostgreSQL 16, 1.16 with 17.
    private const int MinorOfAll = 14;
    private const int MajorOfNext = 16;

    /// <exception cref="BackupDamagedException">It does not begin as such a dump does.</exception>
    public static async Task<DumpHeader> ReadAsync(Stream dump, CancellationToken cancellationToken)
    {
        var bytes = new byte[Length];
        var read = await dump.ReadAtLeastAsync(bytes, Length, throwOnEndOfStream: false, cancellationToken);
        if (read < Length || !bytes.AsSpan().StartsWith("PGDMP"u8) || bytes[MajorAt] != 1)
        {
            throw new BackupDamagedException("its dump is none of pg_dump's custom format");
        }

        var newer = bytes[MinorAt] - MinorOfAll;
        return new DumpHeader(bytes, newer <= 0 ? 0 : MajorOfNext + newer - 1);
    }
}
