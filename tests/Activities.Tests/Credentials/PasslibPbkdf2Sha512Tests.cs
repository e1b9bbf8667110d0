using Bibind.Activities.Credentials;
using Xunit;

namespace Bibind.Activities.Tests.Credentials;

public sealed class PasslibPbkdf2Sha512Tests
{
    // From passlib's own tests of the scheme.
    private const string KnownHash =
        "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww";

    [Fact]
    public void A_hash_made_by_passlib_verifies() => Assert.True(PasslibPbkdf2Sha512.Verify("password", KnownHash));

    [Fact]
    public void Another_password_does_not_verify() => Assert.False(PasslibPbkdf2Sha512.Verify("Password", KnownHash));

    [Fact]
    public void The_same_salt_gives_passlibs_hash()
    {
        var salt = Convert.FromBase64String("RHY0Fr3IDMSVO/RSZyb5ow==");

        Assert.Equal(KnownHash, PasslibPbkdf2Sha512.Hash("password", 1212, salt));
    }

    [Fact]
    public void Two_hashes_of_one_password_differ_by_their_salt() =>
        Assert.NotEqual(PasslibPbkdf2Sha512.Hash("password", rounds: 10), PasslibPbkdf2Sha512.Hash("password", rounds: 10));

    [Fact]
    public void A_hash_has_the_form_that_the_application_reads() =>
        Assert.Matches(@"^\$pbkdf2-sha512\$600000\$[A-Za-z0-9./]{22}\$[A-Za-z0-9./]{86}$", PasslibPbkdf2Sha512.Hash("password"));

    [Theory]
    [InlineData("")]
    [InlineData("plain text")]
    [InlineData("$pbkdf2-sha256$10$AAAA$AAAA")]
    [InlineData("$pbkdf2-sha512$0$AAAA$AAAA")]
    public void Something_else_is_no_hash(string text) => Assert.Throws<FormatException>(() => PasslibPbkdf2Sha512.Verify("password", text));
}
