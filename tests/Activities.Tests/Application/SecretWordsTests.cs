using Bibind.Activities.Application.Odoo;
using Xunit;

namespace Bibind.Activities.Tests.Application;

/// <summary>PostgreSQL looks for words before the expression is asked: each of its alternatives must hold one.</summary>
public sealed class SecretWordsTests
{
    [Fact]
    public void Each_alternative_of_the_expression_holds_a_word_that_is_looked_for()
    {
        var alternatives = OdooSecrets.ColumnPattern.Replace("(^|_)", string.Empty, StringComparison.Ordinal).Split(['(', ')', '|', '$'], StringSplitOptions.RemoveEmptyEntries);

        Assert.Contains("session_iv", alternatives);
        Assert.All(alternatives, a => Assert.Contains(OdooSecrets.ColumnWords, w => a.Contains(w, StringComparison.Ordinal)));
    }
}
