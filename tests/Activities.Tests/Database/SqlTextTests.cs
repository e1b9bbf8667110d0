using Bibind.Activities.Database;
using Xunit;

namespace Bibind.Activities.Tests.Database;

public sealed class SqlTextTests
{
    [Theory]
    [InlineData("acme", "\"acme\"")]
    [InlineData("a\"; drop database b; --", "\"a\"\"; drop database b; --\"")]
    public void A_name_stays_one_name(string name, string quoted) => Assert.Equal(quoted, SqlText.Identifier(name));

    [Theory]
    [InlineData("it's", "'it''s'")]
    [InlineData("back\\slash'", "E'back\\\\slash'''")]
    public void A_text_stays_one_text(string text, string quoted) => Assert.Equal(quoted, SqlText.Literal(text));

    [Theory]
    [InlineData(15, 44_000_000, " strategy wal_log")]
    [InlineData(15, 200_000_000, " strategy file_copy")]
    [InlineData(14, 44_000_000, "")]
    public void A_template_is_copied_in_the_way_that_is_faster_for_its_size(int version, long bytes, string clause) =>
        Assert.Equal(clause, CloneStrategy.Clause(version, bytes));
}
