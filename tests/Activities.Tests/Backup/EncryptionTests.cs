using System.Security.Cryptography;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Encryption;
using Xunit;

namespace Bibind.Activities.Tests.Backup;

public sealed class EncryptionTests
{
    private const string Binding = "tenant=1 backup=a";
    private const int Frame = FrameCipher.FrameBytes;
    private const int SealedFrame = Frame + FrameCipher.TagBytes;
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(Frame - 1)]
    [InlineData(Frame)]
    [InlineData(Frame + 1)]
    [InlineData(3 * Frame)]
    public async Task What_was_sealed_opens_as_it_was(int bytes)
    {
        var plain = RandomNumberGenerator.GetBytes(bytes);

        var stored = await SealAsync(plain);

        Assert.Equal(FrameCipher.HeaderBytes + bytes + (Math.Max(1, (bytes + Frame - 1) / Frame) * FrameCipher.TagBytes), stored.Length);
        Assert.Equal(plain, await OpenAsync(stored));
    }

    [Fact]
    public async Task The_same_content_is_never_sealed_the_same_way_twice()
    {
        var plain = new byte[100];

        Assert.NotEqual(await SealAsync(plain), await SealAsync(plain));
    }

    [Fact]
    public async Task A_file_that_was_never_completed_does_not_open()
    {
        using var stored = new MemoryStream();
        using var cipher = FrameCipher.New(Key, Binding);
        await using (var stream = new EncryptingStream(stored, cipher))
        {
            await stream.WriteAsync(new byte[(2 * Frame) + 5]);
        }

        await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(stored.ToArray()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(FrameCipher.HeaderBytes)]
    [InlineData(FrameCipher.HeaderBytes + 5)]
    [InlineData(FrameCipher.HeaderBytes + SealedFrame)]
    [InlineData(FrameCipher.HeaderBytes + SealedFrame + 1)]
    [InlineData(FrameCipher.HeaderBytes + (2 * SealedFrame))]
    public async Task A_file_that_ends_too_soon_does_not_open(int bytes)
    {
        var stored = await SealAsync(new byte[(2 * Frame) + 5]);

        await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(stored[..bytes]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(14)]
    [InlineData(25)]
    [InlineData(55)]
    [InlineData(FrameCipher.HeaderBytes)]
    [InlineData(FrameCipher.HeaderBytes + Frame)]
    [InlineData(FrameCipher.HeaderBytes + SealedFrame + 3)]
    public async Task A_file_of_which_one_bit_was_changed_does_not_open(int position)
    {
        var stored = await SealAsync(new byte[Frame + 500]);
        stored[position] ^= 1;

        await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(stored));
    }

    [Fact]
    public async Task Frames_that_changed_places_do_not_open()
    {
        var stored = await SealAsync(RandomNumberGenerator.GetBytes(3 * Frame));
        var first = stored.AsSpan(FrameCipher.HeaderBytes, SealedFrame).ToArray();
        stored.AsSpan(FrameCipher.HeaderBytes + SealedFrame, SealedFrame).CopyTo(stored.AsSpan(FrameCipher.HeaderBytes));
        first.CopyTo(stored.AsSpan(FrameCipher.HeaderBytes + SealedFrame));

        await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(stored));
    }

    [Fact]
    public async Task Bytes_behind_the_end_do_not_open()
    {
        var stored = await SealAsync(new byte[100]);

        await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync([.. stored, 0]));
    }

    [Fact]
    public async Task Another_key_is_said_so()
    {
        var stored = await SealAsync(new byte[100]);

        var damaged = await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(stored, key: RandomNumberGenerator.GetBytes(32)));

        Assert.Contains("another key", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_backup_in_the_place_of_another_does_not_open()
    {
        var stored = await SealAsync(new byte[100]);

        await Assert.ThrowsAsync<BackupDamagedException>(() => OpenAsync(stored, binding: "tenant=1 backup=b"));
    }

    [Fact]
    public async Task What_makes_the_dump_fail_makes_its_reader_fail()
    {
        await using var packed = new PackingStream(new FailingDump(), Key, Binding);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => packed.CopyToAsync(Stream.Null));

        Assert.Equal("the dump has failed", failed.Message);
    }

    [Fact]
    public async Task A_reader_that_gives_up_ends_the_packing()
    {
        var packed = new PackingStream(new MemoryStream(RandomNumberGenerator.GetBytes(20 * Frame)), Key, Binding);
        await packed.ReadExactlyAsync(new byte[10]);

        await packed.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
    }

    private static async Task<byte[]> SealAsync(byte[] plain)
    {
        using var stored = new MemoryStream();
        using var cipher = FrameCipher.New(Key, Binding);
        await using var stream = new EncryptingStream(stored, cipher);
        for (var i = 0; i < plain.Length; i += 77_777)
        {
            await stream.WriteAsync(plain.AsMemory(i, Math.Min(77_777, plain.Length - i)));
        }

        await stream.CompleteAsync(CancellationToken.None);
        return stored.ToArray();
    }

    private static async Task<byte[]> OpenAsync(byte[] stored, byte[]? key = null, string binding = Binding)
    {
        await using var stream = new DecryptingStream(new MemoryStream(stored), key ?? Key, binding);
        using var plain = new MemoryStream();
        await stream.CopyToAsync(plain);
        return plain.ToArray();
    }

    private sealed class FailingDump : MemoryStream
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ++_reads < 40 ? new(buffer.Length) : throw new TransientFailureException("the dump has failed");
    }
}
