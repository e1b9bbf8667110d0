using System.Globalization;
using Bibind.ControlPlane.Domains;

namespace Bibind.ControlPlane.Tests;

/// <summary>Which host names a customer may have: IDNA 2008, public suffixes, our own domain.</summary>
public sealed class DomainNameTests
{
    private const string Platform = "apps.platform.example";

    [Theory]
    [InlineData("shop.example.com")]
    [InlineData("SHOP.Example.COM")]
    [InlineData("xn--bcher-kva.example")]
    [InlineData("xn--strae-oqa.de")]
    [InlineData("xn--fiqs8s.cn")]
    [InlineData("xn--e1afmkfd.xn--p1ai")]
    [InlineData("xn--mgbh0fb.xn--kgbechtv")]
    [InlineData("xn--4dbrk0ce.co.il")]
    [InlineData("xn--nxasmm1c.gr")]
    [InlineData("a-b.example.com")]
    [InlineData("1and1.example.com")]
    [InlineData("shop.example.co.uk")]
    [InlineData("someone.github.io")]
    [InlineData("www.ck")]
    [InlineData("other.platform.example")]
    public void A_good_name_is_accepted(string name) => Assert.Null(DomainName.Refusal(DomainName.Fold(name), Platform));

    [Theory]
    [InlineData("\u212Aelvin.example.com")]
    [InlineData("\uFF53hop.example.com")]
    [InlineData("shop\u3002example.com")]
    [InlineData("shop\uFF0Eexample\uFF61com")]
    [InlineData("b\u00FCcher.example.com")]
    [InlineData("\U0001F600.example.com")]
    [InlineData("sh\u00ADop.example.com")]
    [InlineData("sh\u200Dop.example.com")]
    [InlineData("\u0130stanbul.example.com")]
    public void A_name_that_is_not_in_ascii_is_refused(string name) =>
        Assert.Contains("ASCII form", DomainName.Refusal(DomainName.Fold(name), Platform), StringComparison.Ordinal);

    [Theory]
    [InlineData("xn--.example.com", "host name")]
    [InlineData("xn--a.example.com", "U+0080")]
    [InlineData("xn--shop-.example.com", "host name")]
    [InlineData("xn--99999999.example.com", "punycode")]
    [InlineData("xn--zzzzzzzzzzzzzzzzzzzzzzzz.example.com", "punycode")]
    [InlineData("ab--cd.example.com", "third and fourth")]
    [InlineData("-shop.example.com", "host name")]
    [InlineData("shop-.example.com", "host name")]
    [InlineData("shop..example.com", "host name")]
    [InlineData(".example.com", "host name")]
    [InlineData("shop.example.com.", "host name")]
    [InlineData("sh_op.example.com", "host name")]
    [InlineData("192.0.2.1", "host name")]
    [InlineData("shop.example.123", "host name")]
    public void A_malformed_name_is_refused(string name, string words) =>
        Assert.Contains(words, DomainName.Refusal(name, Platform), StringComparison.Ordinal);

    [Theory]
    [InlineData("\u212Aelvin", "U+212A")]
    [InlineData("B\u00FCcher", "")]
    [InlineData("\u00DCber", "U+00DC")]
    [InlineData("\u2665love", "U+2665")]
    [InlineData("\U0001F600", "U+1F600")]
    [InlineData("a\u200Db", "U+200D")]
    [InlineData("a\u200Cb", "U+200C")]
    [InlineData("\u0301abc", "begins with a mark")]
    [InlineData("u\u0308ber", "NFC")]
    [InlineData("a\u00B7b", "U+00B7")]
    [InlineData("a\u30FBb", "U+30FB")]
    [InlineData("\u0660\u06F0\u0627", "")]
    [InlineData("\u0627a", "directions")]
    [InlineData("1\u0627", "directions")]
    [InlineData("\u0640\u0627", "U+0640")]
    [InlineData("\uFF41bc", "U+FF41")]
    [InlineData("ab\uFE0F", "U+FE0F")]
    [InlineData("\u1100\u1161", "")]
    [InlineData("\u00AA", "U+00AA")]
    public void A_label_that_idna_2008_does_not_allow_is_refused(string label, string words)
    {
        var encoded = $"xn--{Punycode.Encode([.. label.EnumerateRunes().Select(r => r.Value)])}.example.com";

        var refusal = DomainName.Refusal(encoded, Platform);

        Assert.NotNull(refusal);
        Assert.Contains(words, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("l\u00B7l")]
    [InlineData("\u0915\u094D\u200D\u0937")]
    [InlineData("\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645")]
    [InlineData("\u30B3\u30FB\u30D4")]
    [InlineData("\u03C3\u03BF\u03C6\u03CC\u03C2")]
    [InlineData("fa\u00DF")]
    [InlineData("\u05D0\u05D1\u05D2")]
    [InlineData("\u0627\u0628\u06F1")]
    public void A_label_whose_context_allows_it_is_accepted(string label) =>
        Assert.Null(DomainName.Refusal($"xn--{Punycode.Encode([.. label.EnumerateRunes().Select(r => r.Value)])}.example.com", Platform));

    [Fact]
    public void Labels_and_names_have_their_length()
    {
        var label = new string('a', 63);

        Assert.Null(DomainName.Refusal($"{label}.example.com", Platform));
        Assert.NotNull(DomainName.Refusal($"{label}a.example.com", Platform));
        Assert.Null(DomainName.Refusal($"{label}.{label}.{label}.{new string('a', 57)}.com", Platform));
        Assert.NotNull(DomainName.Refusal($"{label}.{label}.{label}.{new string('a', 58)}.com", Platform));
    }

    [Theory]
    [InlineData("co.uk")]
    [InlineData("github.io")]
    [InlineData("com.br")]
    [InlineData("anything.ck")]
    [InlineData("s3.amazonaws.com")]
    public void A_public_suffix_is_nobodys(string name) =>
        Assert.Contains("public suffix", DomainName.Refusal(name, Platform), StringComparison.Ordinal);

    [Theory]
    [InlineData("apps.platform.example", "belongs to the platform")]
    [InlineData("acme.apps.platform.example", "belongs to the platform")]
    [InlineData("platform.example", "above the platform")]
    public void The_platforms_own_domain_and_what_is_above_it_are_refused(string name, string words) =>
        Assert.Contains(words, DomainName.Refusal(name, Platform), StringComparison.Ordinal);

    [Theory]
    [InlineData("www.example.com", "example.com")]
    [InlineData("a.b.example.co.uk", "example.co.uk")]
    [InlineData("a.someone.github.io", "someone.github.io")]
    [InlineData("www.city.kawasaki.jp", "city.kawasaki.jp")]
    [InlineData("a.b.c.kobe.jp", "b.c.kobe.jp")]
    [InlineData("shop.customer.unknowntld", "customer.unknowntld")]
    [InlineData("co.uk", null)]
    public void The_registered_domain_is_found_by_the_list(string name, string? registered) => Assert.Equal(registered, PublicSuffixes.RegisteredOf(name));

    [Fact]
    public void Punycode_comes_back_as_it_went_and_is_that_of_dotnet()
    {
        foreach (var text in new[] { "bücher", "日本語", "παράδειγμα", "пример", "מישהו", "a\u00E9b", "\U00020000", "zażółć" })
        {
            var encoded = Punycode.Encode([.. text.EnumerateRunes().Select(r => r.Value)]);

            Assert.Equal(new IdnMapping().GetAscii(text), $"xn--{encoded}");
            Assert.Equal(text, string.Concat(Punycode.Decode(encoded)!.Select(char.ConvertFromUtf32)));
        }
    }
}
