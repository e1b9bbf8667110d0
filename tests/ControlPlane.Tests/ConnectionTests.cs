using Bibind.ControlPlane.Registration;

namespace Bibind.ControlPlane.Tests;

/// <summary>How hosts connect to the control database.</summary>
public sealed class ConnectionTests(PostgresCluster cluster)
{
    [Theory]
    [InlineData("", "5min")]
    [InlineData("Options=-c idle_in_transaction_session_timeout=7min", "7min")]
    public async Task A_transaction_that_nobody_goes_on_with_ends_in_the_time_that_is_set(string given, string expected)
    {
        await using var database = ControlPlaneServices.CreateDataSource($"{cluster.ConnectionString()};{given}");
        await using var ask = database.CreateCommand("show idle_in_transaction_session_timeout");

        Assert.Equal(expected, await ask.ExecuteScalarAsync());
    }
}
