using System.Globalization;
using Bibind.Activities.Database;
using Bibind.ControlPlane.Pools;
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

    [Theory]
    [InlineData(17, false, 44, true, "", "wal_log")]
    [InlineData(17, false, 44, false, "", "wal_log")]
    [InlineData(17, false, 20, true, "wal_log=90", "wal_log")]
    [InlineData(17, false, 44, true, "wal_log=90", "file_copy")]
    [InlineData(17, false, 200, true, "wal_log=600,file_copy=1000", "wal_log")]
    [InlineData(17, false, 200, true, "wal_log=900,file_copy=1000", "file_copy")]
    [InlineData(18, true, 200, false, "", "file_copy_clone")]
    [InlineData(18, true, 200, true, "file_copy_clone=300,wal_log=1200", "file_copy_clone")]
    [InlineData(18, false, 200, false, "file_copy_clone=300", "file_copy")]
    [InlineData(14, false, 200, true, "", null)]
    public void The_way_of_cloning_follows_what_is_offered_and_what_was_measured(
        int version, bool sharesBlocks, int megabytes, bool mayTry, string measured, string? chosen)
    {
        var bytes = megabytes * 1_000_000L;
        var times = measured.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(m => m.Split('=')).Select(m => new CloneTime(m[0], bytes, int.Parse(m[1], CultureInfo.InvariantCulture))).ToList();
        Assert.Equal(chosen, CloneStrategy.Choose(CloneStrategy.Of(version, sharesBlocks, bytes), times, bytes, mayTry));
    }
}
